"""The page of the real-or-fake test: what it contains, and that nothing on it gives the answers away."""

import io
import shutil
import zlib

import human_answers
import numpy as np
import pytest
from PIL import Image

from ganeval.errors import GanevalWarning
from ganeval.human.page import HumanTestOptions, make_page
from ganeval.human.plan import read_plan


def chunks_of(png):
    """The kinds of a PNG's chunks; their checksums are looked at."""
    kinds, place = [], 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4])
        body = png[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(png[place + 8 + length : place + 12 + length])
        kinds.append(body[:4].decode())
        place += 12 + length
    return kinds


def test_the_truth_of_each_place_is_that_of_its_image(tmp_path):
    page, plan = human_answers.write_test(tmp_path, n=40)
    assert [human_answers.is_light(png) for png in human_answers.images_in(page)] == list(plan.truth())
    assert sum(plan.truth()) == 20


def test_the_plan_on_the_page_is_enough_for_tally_to_compute_the_truth(tmp_path):
    page, plan = human_answers.write_test(tmp_path)
    assert read_plan(human_answers.data_in(page)["test"], "page") == plan


def test_the_page_holds_no_truth(tmp_path):
    page, _ = human_answers.write_test(tmp_path)
    data = human_answers.data_in(page)
    assert set(data) == {"ganeval_human", "test", "pictures"}
    assert set(data["test"]) == {
        "id", "pictures", "seconds", "seed", "width", "height", "samples", "reference", "shown",
    }  # fmt: skip
    text = page.read_text("utf-8")
    assert str(tmp_path) not in text
    assert ".npz" not in text


def test_the_files_of_the_page_differ_only_in_their_pixels(tmp_path):
    flat, noise = tmp_path / "flat", tmp_path / "noise"
    for folder in (flat, noise):
        folder.mkdir()
    for index in range(4):  # in the compressed files the flat ones would be the short ones
        Image.new("RGB", (16, 16), (index, 0, 0)).save(flat / f"{index}.jpg", quality=90)
        pixels = np.random.RandomState(index).randint(0, 256, (16, 16, 4), np.uint8)
        Image.fromarray(pixels).save(noise / f"{index}.png", dpi=(72, 72))
    page = tmp_path / "test.html"
    make_page(str(flat), str(noise), page, HumanTestOptions(n=8))
    files = human_answers.images_in(page)
    opened = [Image.open(io.BytesIO(png)) for png in files]
    assert {(one.size, one.mode, one.format) for one in opened} == {((16, 16), "RGB", "PNG")}
    assert {tuple(chunks_of(png)) for png in files} == {("IHDR", "IDAT", "IEND")}
    assert len({len(png) for png in files}) == 1


def test_equal_options_give_equal_files_and_another_seed_another_test(tmp_path):
    page, plan = human_answers.write_test(tmp_path)
    first = page.read_bytes()
    assert human_answers.write_test(tmp_path)[1] == plan
    assert page.read_bytes() == first
    _, other = human_answers.write_test(tmp_path, seed=1)
    assert other.id != plan.id
    assert other.shown != plan.shown
    assert other.samples == plan.samples


def test_alpha_lies_over_white_and_grey_is_grey_only_where_all_is(tmp_path):
    clear, grey = tmp_path / "clear", tmp_path / "grey"
    for folder, image in ((clear, Image.new("RGBA", (8, 8), (0, 0, 0, 0))), (grey, Image.new("L", (8, 8), 7))):
        folder.mkdir()
        image.save(folder / "0.png")
    page = tmp_path / "test.html"
    make_page(str(clear), str(grey), page, HumanTestOptions(n=2))
    opened = [Image.open(io.BytesIO(png)) for png in human_answers.images_in(page)]
    assert {(one.mode, one.getpixel((3, 3))) for one in opened} == {("L", 255), ("L", 7)}
    Image.new("RGB", (8, 8), (9, 0, 0)).save(grey / "0.png")
    make_page(str(clear), str(grey), page, HumanTestOptions(n=2))
    opened = [Image.open(io.BytesIO(png)) for png in human_answers.images_in(page)]
    assert {(one.mode, one.getpixel((3, 3))) for one in opened} == {("RGB", (255, 255, 255)), ("RGB", (9, 0, 0))}


def test_sets_that_differ_in_their_format_are_a_warning(tmp_path):
    page, large = tmp_path / "a.html", tmp_path / "large"
    large.mkdir()
    dark, _ = human_answers.write_sets(tmp_path)
    large_dark, large_light = human_answers.write_sets(large, size=20)
    with pytest.warns(GanevalWarning, match="dark and dark are the same images: this test measures chance"):
        make_page(dark, dark, page, HumanTestOptions(n=2))
    with pytest.warns(GanevalWarning, match="dark is 8 x 8 and light 20 x 20: all are shown at 8 x 8, and people may"):
        make_page(dark, large_light, page, HumanTestOptions(n=2))
    with pytest.warns(GanevalWarning, match="images of 20 x 20 are shown at 10 x 10, which hides flaws; see --size"):
        make_page(large_dark, large_light, page, HumanTestOptions(n=2, size=10))


def test_names_and_titles_are_text_and_no_markup(tmp_path):
    samples, reference = human_answers.write_sets(tmp_path)
    odd = tmp_path / "<b>&\"'.npz"
    shutil.copy(samples, odd)
    page = tmp_path / "test.html"
    title = "</script><script>alert(1)</script>"
    plan = make_page(str(odd), reference, page, HumanTestOptions(n=2, title=title))
    text = page.read_text("utf-8")
    assert title not in text
    assert "<b>&" not in text
    assert human_answers.data_in(page)["test"]["samples"]["name"] == plan.samples.name == "<b>&\"'"
