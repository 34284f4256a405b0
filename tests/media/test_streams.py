"""Iterables, callables and networks, read once."""

import numpy as np
import pytest
import torch

from ganeval.errors import ContentError, UsageError
from ganeval.media.streams import stream_images

RANDOM = np.random.default_rng(13)
PIXELS = RANDOM.integers(0, 256, (11, 6, 5, 3), np.uint8)
TENSORS = torch.from_numpy(PIXELS.transpose(0, 3, 1, 2).copy())


class Numbered:
    """A callable of n that counts what it has given."""

    def __init__(self):
        self.given = 0

    def __call__(self, n):
        self.given += n
        return PIXELS[self.given - n : self.given]


class DataSet:
    """Map-style, without an end of its own."""

    def __len__(self):
        return len(PIXELS)

    def __getitem__(self, index):
        return TENSORS[index % len(PIXELS)], 7


def generated():
    yield from TENSORS


SOURCES = {
    "array": lambda: PIXELS,
    "pictures": lambda: list(PIXELS),
    "tensors": lambda: iter(TENSORS),
    "batches": lambda: np.array_split(PIXELS, 3),
    "loader": lambda: torch.utils.data.DataLoader(DataSet(), batch_size=4),
    "data set": DataSet,
    "pairs": lambda: [(TENSORS, torch.zeros(11))],
    "generator": generated,
    "generator function": lambda: generated,
    "function of nothing": lambda: lambda: PIXELS,
    "floats": lambda: TENSORS / 255,
    "callable": Numbered,
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("size", [1, 4, 11, 50])
def test_every_kind_gives_the_same_at_any_batch_size(kind, size):
    count = 11 if kind == "callable" else None
    batches = list(stream_images(SOURCES[kind](), kind, count).batches(size))
    assert [len(batch) for batch in batches] == [size] * (11 // size) + [11 % size] * bool(11 % size)
    np.testing.assert_array_equal([p.pixels for batch in batches for p in batch], PIXELS.transpose(0, 3, 1, 2))


def test_a_stream_is_read_once_and_has_no_random_access():
    stream = stream_images(PIXELS, "pixels", count=4)
    assert (stream.random_access, stream.count, len(stream)) == (False, 4, 4)
    assert (stream.labels, stream.classes, stream.ignored, stream.published_hash) == (None, None, {}, None)
    for access in (stream.bytes_hash, lambda: stream.item(0), lambda: stream.digest(0), lambda: stream.subset([0])):
        with pytest.raises(UsageError, match="pixels: n cannot be drawn from an iterable"):
            access()
    with pytest.raises(UsageError, match="pass an array, or slice it yourself"):
        len(stream_images(PIXELS, "endless"))
    assert sum(len(batch) for batch in stream.batches(3)) == 4
    with pytest.raises(UsageError, match="a stream is read once"):
        next(stream.batches(3))


def network():
    torch.manual_seed(0)
    layers = torch.nn.Linear(5, 48), torch.nn.BatchNorm1d(48), torch.nn.Dropout(), torch.nn.Sigmoid()
    return torch.nn.Sequential(*layers, torch.nn.Unflatten(1, (3, 4, 4)))


def test_networks_give_the_same_at_any_batch_size_and_are_left_as_they_were():
    module = network()
    module[1].eval()
    state = {key: value.clone() for key, value in module.state_dict().items()}
    results = []
    for size in (1, 3, 7, 20):
        before = torch.get_rng_state()
        stream = stream_images(module, "G", 20, latent=5, seed=3)
        results.append(np.stack([p.pixels for batch in stream.batches(size) for p in batch]).astype(int))
        assert torch.equal(before, torch.get_rng_state())
    assert max(np.abs(results[0] - other).max() for other in results) <= 1  # rounding of the products
    assert np.unique(results[0], axis=0).shape[0] == 20
    assert [part.training for part in module] == [True, False, True, True, True]
    assert all(torch.equal(state[key], value) for key, value in module.state_dict().items())


def test_latents_are_normal_and_of_the_asked_shape():
    seen = []

    class Probe(torch.nn.Module):
        def forward(self, z):
            assert not torch.is_grad_enabled()
            seen.append(z)
            return torch.zeros(len(z), 1, 2, 2)

    for size in (7, 400):
        assert sum(len(b) for b in stream_images(Probe(), "G", 400, latent=(16, 1, 1)).batches(size)) == 400
    first, second = torch.cat(seen[:-1]), seen[-1]
    assert torch.equal(first, second)
    assert first.shape == (400, 16, 1, 1)
    assert abs(first.mean()) < 0.05
    assert abs(first.std() - 1) < 0.05


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (Numbered(), {}, "x: a callable has no end: pass n, the number of images to draw from it"),
        (network(), {"count": 3}, "x: a torch module: pass latent, the shape of its input for one image"),
        (network(), {"latent": 5}, "x: a callable has no end: pass n"),
        ("folder/", {}, "x: str found: needed an iterable of images, or a callable"),
        ({"images": PIXELS}, {}, "x: dict found"),
        (3, {}, "x: int found"),
        (lambda n, labels: PIXELS, {"count": 3}, "x: needs n, labels: a source takes n, or nothing"),
    ],
)
def test_wrong_use(source, options, message):
    with pytest.raises(UsageError) as caught:
        stream_images(source, "x", **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("source", "count", "message"),
    [
        (lambda n: PIXELS[: n - 1], 8, "x: asked for 4 images, got shape (3, 6, 5, 3)"),
        (lambda n: PIXELS[0], 8, "x: asked for 4 images, got shape (6, 5, 3)"),
        (lambda n: [1, 2], 8, "x: a list of 2: needed images, or (images, labels)"),
        (lambda n: None, 8, "x: NoneType found: needed arrays or tensors"),
        (lambda: None, None, "x: gave NoneType: needed an iterable of images"),
        (PIXELS, 12, "x: ended after 11 images; needed 12"),
        ([], None, "x: ended after 0 images; needed at least 1"),
        ([{"text": PIXELS}], None, "x: found a dict of text, needed images under one of image, images, img"),
        ([[PIXELS[0], PIXELS[1]]], None, "x: a list of 2: needed images, or (images, labels)"),
        ([PIXELS[..., :2]], None, "x: shape (11, 6, 5, 2): needed images"),
        (TENSORS.float() / 127.5 - 1, None, "x[0]: floats from -"),
        ([np.zeros((4, 4)), np.full((4, 4), np.nan)], None, "x[1]: floats that are not finite"),
        (lambda n: torch.full((n, 3, 2, 2), 2.0), 5, "x[0]: floats from 2 to 2: needed 0..1"),
    ],
)
def test_wrong_content(source, count, message):
    with pytest.raises(ContentError) as caught:
        list(stream_images(source, "x", count).batches(4))
    assert str(caught.value).startswith(message)
