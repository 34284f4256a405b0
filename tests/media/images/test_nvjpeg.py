"""JPEGs decoded by torchvision: here on the CPU, whose decoder takes the same way as nvJPEG's on a GPU."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganeval.evaluation import opening
from ganeval.features import extraction
from ganeval.media.arrays import array_images
from ganeval.media.files import folder_images, zip_images
from ganeval.media.images.nvjpeg import jpegs_on

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An RGB JPEG, a grey one, one that EXIF turns, a CMYK one and a PNG."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 12, 3), dtype=np.uint8)
    picture, pictures = Image.fromarray(pixels).resize((120, 200)), tmp_path / "pictures"
    pictures.mkdir()
    picture.save(pictures / "a.jpg", quality=95)
    picture.convert("L").save(pictures / "b.jpg", quality=95)
    turned = Image.Exif()
    turned[0x0112] = 6
    picture.save(pictures / "c.jpg", quality=95, exif=turned)
    picture.convert("CMYK").save(pictures / "d.jpg", quality=95)
    picture.save(pictures / "e.png")
    return pictures


def test_jpegs_are_decoded_otherwise_and_all_else_is_as_before(folder: Path) -> None:
    """Two decoders of one standard round otherwise: grey levels, hardly ever more than three."""
    by_pillow, asked = folder_images(folder), []
    jpeg = jpegs_on(CPU)
    other = by_pillow.decoded_by(lambda data: asked.append(len(data)) or jpeg(data))
    for index in range(len(by_pillow)):
        one, two = by_pillow.item(index), other.item(index)
        assert (one.format, one.converted, one.pixels.shape) == (two.format, two.converted, two.pixels.shape)
        assert np.abs(one.pixels.astype(int) - two.pixels).max() <= 3
    assert len(asked) == 3  # not the CMYK one, nor the PNG
    assert other.item(2).pixels.shape == (3, 120, 200)
    assert other.subset([0]).decoded_by(jpeg).item(0).format == "jpeg"
    assert other.bytes_hash() == by_pillow.bytes_hash()


def test_arrays_hold_no_jpegs() -> None:
    images = array_images(np.zeros((2, 4, 4, 3), np.uint8))
    assert images.decoded_by(jpegs_on(CPU)) is images


def test_a_damaged_jpeg_is_one_line(folder: Path, tmp_path: Path, run) -> None:
    import zipfile

    data = (folder / "a.jpg").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.jpg", data[: len(data) // 3])
    from ganeval.errors import BadImage

    with pytest.raises(BadImage, match=r"a\.zip!a\.jpg: cannot be decoded: "):
        zip_images(tmp_path / "a.zip").decoded_by(jpegs_on(CPU)).item(0)


def test_lack_of_memory_is_not_the_images_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> None:
    import torchvision.io

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB\nmore")

    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.jpg")
    monkeypatch.setattr(torchvision.io, "decode_jpeg", full)
    for module in (opening, extraction):
        monkeypatch.setattr(module, "decoder_on", lambda device: jpegs_on(CPU))
    asked = ("score", "--samples", tmp_path, "--ref", "digits", "--decoder", "nvjpeg", "--on-bad-image", "skip")
    done = run(*asked, "--no-cache")
    assert done.exit_code == 1
    assert done.output.splitlines()[-1] == (
        "Error: memory ran out (CUDA out of memory. Tried to allocate 20.00 MiB); free some, lower "
        "--batch-size, or choose another --device"
    )


def test_the_decoder_is_part_of_the_protocol_and_of_the_store(tmp_path: Path, run, digits_folder, monkeypatch) -> None:
    pictures = tmp_path / "jpegs"
    pictures.mkdir()
    for path in digits_folder.iterdir():
        Image.open(path).save(pictures / f"{path.stem}.jpg", quality=90)
    for module in (opening, extraction):
        monkeypatch.setattr(module, "decoder_on", lambda device: jpegs_on(CPU))
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    reports = {}
    for decoder in ("pillow", "nvjpeg", "nvjpeg"):
        target = tmp_path / "report.json"
        asked = ("score", "--samples", pictures, "--ref", "digits", "--metrics", "fid", "--decoder", decoder)
        assert run(*asked, "--json", target).exit_code == 0
        reports[decoder] = json.loads(target.read_text())
        assert reports[decoder]["protocol"]["decoder"] == decoder
    values = [report["scores"]["fid"]["value"] for report in reports.values()]
    assert values[0] == pytest.approx(values[1], rel=0.05)
    assert len(list((tmp_path / "cache" / "features").rglob("*.safetensors"))) >= 4  # two sets by two decoders


@pytest.mark.parametrize(
    ("decoder", "said"),
    [
        ("nvjpeg", "Error: --decoder nvjpeg needs a CUDA device, and this is cpu: leave it out\n"),
        ("nvpeg", "Error: unknown decoder 'nvpeg': did you mean 'nvjpeg'? (known: pillow, nvjpeg)\n"),
    ],
)
def test_what_cannot_be_is_said_at_once(decoder: str, said: str, run, digits_folder) -> None:
    done = run("score", "--samples", digits_folder, "--ref", "digits", "--decoder", decoder, "--device", "cpu")
    assert (done.exit_code, done.stderr) == (2, said)
