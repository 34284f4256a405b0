"""The common format of the images of a test."""

import numpy as np
import pytest

from ganeval.human.image_format import ImageFormat, common_format, convert


def blank(width, height):
    return np.zeros((3, height, width), np.uint8)


@pytest.mark.parametrize(
    ("sizes", "form"),
    [
        ([(32, 32), (32, 32)], (32, 32, False)),
        ([(32, 32), (64, 64)], (32, 32, False)),
        ([(40, 30), (80, 60), (81, 60)], (40, 30, False)),
        ([(40, 30), (30, 40)], (30, 30, True)),
        ([(600, 300), (600, 300)], (256, 128, False)),
        ([(600, 300), (500, 500)], (256, 256, True)),
        ([(1, 1), (300, 300)], (1, 1, False)),
    ],
)
def test_all_images_get_the_smallest_size_and_are_cropped_only_where_their_proportions_differ(sizes, form):
    pictures = [blank(*size) for size in sizes]
    width, height, cropped = form
    found = common_format(pictures, 256)
    assert found == ImageFormat(width, height, True, cropped)
    assert {convert(picture, found).size for picture in pictures} == {(width, height)}


def test_cropping_keeps_the_centre():
    picture = blank(30, 10)
    picture[:, :, 10:20] = 200
    assert np.asarray(convert(picture, ImageFormat(10, 10, True, True))).min() == 200


def test_an_image_of_the_right_size_is_unchanged():
    pixels = np.random.RandomState(0).randint(0, 256, (3, 12, 9), np.uint8)
    assert (np.asarray(convert(pixels, common_format([pixels], 256))) == pixels.transpose(1, 2, 0)).all()
