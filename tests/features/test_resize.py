"""The resizes against the libraries whose numbers they carry."""

import numpy as np
import pytest
import torch
from cleanfid.resize import make_resizer
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from ganeval.features import resize
from ganeval.features.resize import RESIZES, Pixels

CPU = torch.device("cpu")
SHAPES = [(32, 32), (1, 1), (8, 40), (299, 17), (299, 299), (300, 298), (640, 700), (2, 1300)]


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (3, height, width), dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [299, 224, 28])
def test_tf1_bilinear_is_bit_exact_with_torch_fidelity(shape, size):
    pictures = [picture(*shape, seed) for seed in range(3)]
    source = torch.from_numpy(np.stack(pictures)).float()
    expected = interpolate_bilinear_2d_like_tensorflow1x(source, size=(size, size), align_corners=False)
    assert torch.equal(RESIZES["tf1-bilinear"](pictures, size, CPU), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_pil_bicubic_equals_clean_fid(shape):
    pictures = [picture(*shape, seed) for seed in range(2)]
    resizer = make_resizer("PIL", False, "bicubic", (299, 299))
    expected = np.stack([resizer(one.transpose(1, 2, 0)).transpose(2, 0, 1) for one in pictures])
    resized = RESIZES["pil-bicubic"](pictures, 299, CPU)
    assert np.array_equal(resized.numpy(), expected)
    assert resized.min() >= 0
    assert resized.max() <= 255


@pytest.mark.parametrize("shape", SHAPES)
def test_bilinear_equals_pytorch_fid(shape):
    pictures = [picture(*shape, seed) for seed in range(2)]
    source = torch.from_numpy(np.stack(pictures)).float()
    expected = torch.nn.functional.interpolate(source / 255, size=(299, 299), mode="bilinear", align_corners=False)
    torch.testing.assert_close(RESIZES["bilinear"](pictures, 299, CPU), 255 * expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", RESIZES)
def test_mixed_sizes_equal_one_by_one_in_order(name, monkeypatch):
    monkeypatch.setattr(resize, "CHUNK", 3 * 64 * 64 * 2)  # stacks of two, so that splitting is put to the test
    pictures = [picture(8 + 8 * (seed % 3), 16, seed) for seed in range(11)]
    together = RESIZES[name](pictures, 64, CPU)
    for one, row in zip(pictures, together, strict=True):
        assert torch.equal(RESIZES[name]([one], 64, CPU)[0], row)


@pytest.mark.parametrize("name", RESIZES)
def test_a_picture_of_the_right_size_is_unchanged(name):
    one = picture(48, 48)
    resized = RESIZES[name]([one], 48, CPU)
    assert resized.dtype == torch.float32
    assert np.array_equal(resized[0].numpy(), one.astype(np.float32))


@pytest.mark.parametrize("name", RESIZES)
def test_no_pictures_are_no_rows(name):
    assert RESIZES[name]([], 24, CPU).shape == (0, 3, 24, 24)
