"""What Python users pass: every form of the same images gives the same scores, or one line that says what to do."""

import itertools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset, TensorDataset

import ganeval
from ganeval.errors import ContentError, GanevalError, UsageError
from ganeval.evaluation.settings import Settings
from ganeval.media.base import SampleSet
from ganeval.sources.opening import Opening, open_images

GREY = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
TENSORS = torch.from_numpy(GREY)[:, None]
PILLOW = [Image.fromarray(pixels) for pixels in GREY]
FOUR = np.repeat(GREY[..., None], 4, axis=-1)


class ByIndex:
    """A map-style data set: by index and length alone."""

    def __len__(self) -> int:
        return len(PILLOW)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return PILLOW[index], 3


def pixels_of(images: SampleSet) -> list[bytes]:
    return [image.pixels.tobytes() for batch in images.batches(5) for image in batch]


FORMS: dict[str, Callable[[], Any]] = {
    "TensorDataset": lambda: TensorDataset(TENSORS, torch.zeros(12)),
    "Subset": lambda: Subset(TensorDataset(TENSORS), range(12)),
    "DataLoader": lambda: DataLoader(TensorDataset(TENSORS, torch.zeros(12)), 5),
    "data set by index": ByIndex,
    "Pillow": lambda: PILLOW,
    "Pillow with labels": lambda: [(image, 1) for image in PILLOW],
    "Pillow in batches": lambda: [PILLOW[:7], PILLOW[7:]],
    "opaque Pillow": lambda: [image.convert("RGBA") for image in PILLOW],
    "dict of Pillow": lambda: {"img": PILLOW, "label": [0] * 12},
    "dict of tensors": lambda: {"pixel_values": TENSORS},
    "dicts": lambda: [{"image": image, "label": 1} for image in PILLOW],
    "dicts of batches": lambda: iter([{"images": PILLOW[:5]}, {"images": TENSORS[5:]}]),
    "rounded floats": lambda: TENSORS.double() / 255 + torch.tensor([5e-7, -5e-7]).repeat(4),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_images_is_taken(form: str) -> None:
    assert pixels_of(open_images(FORMS[form]())) == pixels_of(open_images(GREY))


def test_lists_of_paths_are_files(tmp_path: Path) -> None:
    paths = [tmp_path / f".hidden/{number:02d}.png" for number in range(12)]
    paths[0].parent.mkdir()
    for path, image in zip(paths, PILLOW, strict=True):
        image.save(path)
    for listed in (paths, [str(path) for path in paths]):
        images = open_images(listed)
        assert pixels_of(images) == pixels_of(open_images(GREY))
        assert images.bytes_hash() == open_images(paths[0].parent).bytes_hash()
    opened = next(iter(open_images([Image.open(path) for path in paths]).batches(12)))
    assert {image.format for image in opened} == {"png"}
    with pytest.raises(ContentError, match=r"none\.png: cannot be read: No such file"):
        pixels_of(open_images([*paths, paths[0].parent / "none.png"]))


def test_images_of_pillow_are_those_of_their_files(tmp_path: Path) -> None:
    turned, exif = Image.fromarray(GREY[0]).resize((9, 5)).convert("RGB"), Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.jpg", exif=exif)
    with Image.open(tmp_path / "a.jpg") as image:
        assert pixels_of(open_images([image])) == pixels_of(open_images([tmp_path / "a.jpg"]))


@pytest.mark.parametrize("held", [TENSORS, {"images": TENSORS, "labels": torch.arange(12) % 3}])
def test_pt_of_images(tmp_path: Path, held: Any) -> None:
    torch.save(held, tmp_path / "a.pt")
    images = open_images(tmp_path / "a.pt")
    assert pixels_of(images) == pixels_of(open_images(GREY))
    assert images.classes == (("0", "1", "2") if isinstance(held, dict) else None)


FOURS: dict[str, Callable[[], Any]] = {
    "array": lambda: FOUR,
    "loader": lambda: DataLoader(TensorDataset(torch.from_numpy(FOUR).permute(0, 3, 1, 2)), 5),
    "items": lambda: list(FOUR),
    "function": lambda: lambda n: FOUR[:n],
}


@pytest.mark.parametrize("form", FOURS)
def test_four_channels_of_arrays_need_a_meaning(form: str) -> None:
    with pytest.raises(ContentError, match=r"found four channels, needed --channels rgba .*--channels rgb .*files"):
        pixels_of(open_images(FOURS[form](), Opening(count=12)))
    rgb = pixels_of(open_images(FOURS[form](), Opening(count=12, channels="rgb")))
    assert rgb[:4] == pixels_of(open_images(GREY))[:4]
    over_white = FOUR[0, ..., 0].astype(float) * (FOUR[0, ..., 3] / 255) + 255 - FOUR[0, ..., 3]
    rgba = pixels_of(open_images(FOURS[form](), Opening(count=12, channels="rgba")))[0]
    np.testing.assert_allclose(np.frombuffer(rgba, np.uint8)[:64], over_white.ravel(), atol=0.5)


def test_four_channels_in_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", FOUR)
    np.savez(tmp_path / "a.npz", FOUR)
    torch.save(torch.from_numpy(FOUR), tmp_path / "a.pt")
    for path in tmp_path.iterdir():
        with pytest.raises(ContentError, match="found four channels"):
            open_images(path)
        assert pixels_of(open_images(path, Opening(channels="rgb"))) == pixels_of(open_images(GREY))
    Image.fromarray(FOUR[0]).save(tmp_path / "a.png")
    assert len(open_images([tmp_path / "a.png"])) == 1  # files say it themselves


@pytest.mark.parametrize("shape", [(3, 8, 8), (4, 8, 8)])
@pytest.mark.parametrize("make", [torch.rand, lambda shape: torch.rand(shape).numpy()])
def test_one_image_is_never_taken_for_several(shape: tuple[int, ...], make: Callable[[Any], Any]) -> None:
    with pytest.raises(ContentError, match=r"found one image of . channels, or . grey ones; needed x\[None\]"):
        open_images(make(shape))
    evaluator = ganeval.Evaluator("digits", Settings(metrics="kid"))
    with pytest.raises(ContentError, match=r"needed x\[None\] for one image"):
        evaluator.update(make(shape))
    assert len(open_images(make((1, 3, 8, 8)))) == 1
    assert len(open_images(make((3, 1, 8, 8)))) == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TENSORS.float().to_sparse(), "found a tensor that is sparse, needed a dense one"),
        (torch.empty(5, 1, 8, 8, device="meta"), "found a tensor on the meta device"),
        (TENSORS / 255 * 1.1, r"needed 0\.\.1 \(for 0\.\.255 pass uint8, or x / 255, or clamp\)"),
        (TENSORS / 255 - 2e-6, r"needed 0\.\.1 \(for tanh outputs pass \(x \+ 1\) / 2, or clamp\)"),
        ({"text": 1}, "found a dict of text, needed images under one of image, images"),
        (5, "found a int, needed a path"),
    ],
)
def test_what_cannot_be_images_is_one_line(source: Any, message: str) -> None:
    with pytest.raises(GanevalError, match=message):
        open_images(source)


def test_settings_as_python_users_write_them() -> None:
    assert Settings(device=torch.device("cpu")) == Settings(device="cpu")  # type: ignore[arg-type]
    for wrong in ({"n": "5"}, {"metrics": [None]}, {"metrics": 5}, {"channels": "bgr"}):
        with pytest.raises(UsageError):
            ganeval.evaluate(GREY, "digits:test", Settings(**wrong))  # type: ignore[arg-type]
    endless = ganeval.evaluate(itertools.cycle(PILLOW), "digits:test", Settings(metrics="kid", n=10))
    assert endless.samples.count == 10
    with pytest.raises(UsageError, match="an Evaluator cannot be pickled: make one in each process"):
        pickle.dumps(ganeval.Evaluator("digits", Settings(metrics="kid")))


def test_an_npz_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", np.zeros((30_000, 64, 64), np.uint8))
    for opening in (Opening(), Opening(points=True)):
        with pytest.raises(ContentError, match=r"a zip bomb\? If not: np\.savez \(uncompressed\), or \.npy"):
            open_images(tmp_path / "a.npz", opening)
    np.savez(tmp_path / "a.npz", np.zeros((20_000, 64, 64), np.uint8))
    assert len(open_images(tmp_path / "a.npz")) == 20_000


class Noisy(nn.Module):
    """Dropout, a frozen batch norm, and a buffer that counts the calls: whatever a caller's module may hold."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.dropout, self.norm, self.frozen, self.fails = nn.Dropout(), nn.BatchNorm2d(3), nn.BatchNorm2d(3), fails
        self.register_buffer("calls", torch.zeros(()))
        self.size = 8

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        if self.fails:
            raise RuntimeError("no")
        return self.dropout(self.frozen(self.norm(images / 255))).flatten(1)[:, :16]


@pytest.mark.parametrize("fails", [False, True])
def test_a_callers_module_is_left_as_it_was(fails: bool) -> None:
    module = Noisy(fails=fails).train()
    module.frozen.eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    scores = []
    for _ in range(2):
        try:
            report = ganeval.evaluate(GREY, GREY[::-1], Settings(metrics="kid", extractor=module))
            scores.append(report.scores["kid"])
        except ContentError:
            assert fails
        assert modes == [part.training for part in module.modules()]
        assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert len(set(map(str, scores))) == (0 if fails else 1)  # without dropout, every time


@pytest.mark.parametrize("compile", [lambda module: module, torch.jit.script])
def test_generators_keep_their_mode_scripted_or_not(compile: Callable[[nn.Module], nn.Module]) -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64), nn.Unflatten(1, (1, 8, 8)), nn.Sigmoid())
    module = compile(layers).train()
    first = pixels_of(open_images(module, Opening(count=12, latent=4)))
    assert all(part.training for part in module.modules())
    assert first == pixels_of(open_images(layers.eval(), Opening(count=12, latent=4)))
