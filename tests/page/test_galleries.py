"""The gallery of a run: samples, nearest real images, classes, grids of earlier versions, and broken files."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from example_pages import (
    Outline,
    pixels_of,
    random_images,
    run_folder,
    scored,
)
from PIL import Image

from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.page.galleries import gallery_of


def test_the_samples_are_the_stored_ones_beside_their_nearest_real_images(tmp_path: Path) -> None:
    samples, near = random_images(4), random_images(4, seed=1)
    distances = np.array([1.25, 0.099, 0.1, 0.5], np.float32)
    run = run_folder(
        tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), pictures=samples, neighbours=near, distances=distances,
        neighbours_of=np.array("digits:train"),
    )  # fmt: skip
    page = Outline(page_of(compare([run])))
    images = page.all("img")
    shown = [pixels_of(image["src"]) for image in images]
    expected = [pixels[..., 0] for pair in zip(samples, near, strict=True) for pixels in pair]
    assert all(np.array_equal(pixels, stored) for pixels, stored in zip(shown, expected, strict=True))
    assert [image["alt"] for image in images[:2]] == ["sample 1", "the real image nearest to sample 1"]
    assert {(image["width"], image["height"]) for image in images} == {("64", "64")}
    assert re.findall(r"\d\.\d\d(?: copy\?)?(?= )", page.text[page.text.index("1.25") :])[:4] == [
        "1.25", "0.10 copy?", "0.10", "0.50",
    ]  # fmt: skip
    assert "4 drawn at random, not picked" in page.text
    assert "real image of digits:train nearest to it" in page.text
    assert "1 sample is nearer than 0.1: check whether it is a copy." in page.text
    assert "a : 1 of the samples shown is nearer than 0.1 to a real image: check whether it is a copy." in page.text


def test_no_copy_is_reported_where_there_is_none(tmp_path: Path) -> None:
    arrays = {"pictures": random_images(2), "neighbours": random_images(2), "distances": np.ones(2, np.float32)}
    text = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **arrays)]))).text
    assert "None is nearer than 0.1." in text
    assert "check whether" not in text


def test_conditional_models_show_eight_of_each_class(tmp_path: Path) -> None:
    by_class = random_images(16, channels=3).reshape(2, 8, 8, 8, 3)
    names = np.array(["cat", "<b>dog"])
    arrays = {"pictures": random_images(2), "labels": np.array([1, 0]), "classes": names, "by_class": by_class}
    page = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **arrays)])))
    strips = [image for image in page.all("img") if str(image["alt"]).startswith("random samples of class")]
    assert [image["alt"] for image in strips] == ["random samples of class cat", "random samples of class <b>dog"]
    pixels = pixels_of(strips[1]["src"])
    assert pixels.shape == (8, 8 * 8 + 7, 4)
    opaque = pixels[:, pixels[0, :, 3] == 255, :3]
    assert np.array_equal(opaque, np.concatenate(list(by_class[1]), axis=1))
    assert "Eight random samples of each class" in page.text


def test_a_run_of_an_earlier_version_shows_its_last_grid(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    grid = np.repeat(random_images(1, 22)[0], 3, axis=2)
    (run / "grids").mkdir()
    Image.new("RGB", (22, 22)).save(run / "grids" / "step-00000100.png")
    Image.fromarray(grid).resize((66, 66), Image.Resampling.NEAREST).save(run / "grids" / "step-00001200.png")
    page = Outline(page_of(compare([run])))
    (image,) = page.all("img")
    assert np.array_equal(pixels_of(image["src"]), grid.repeat(3, 0).repeat(3, 1))
    assert (image["width"], image["height"]) == ("66", "66")
    assert "Samples at step 1,200" in page.text


BROKEN = {
    "cut": (None, "cannot be read"),
    "floats": ({"pictures": np.zeros((2, 8, 8, 1))}, "pictures is float64 (2, 8, 8, 1), needed uint8"),
    "flat": ({"pictures": np.zeros((2, 8, 8), np.uint8)}, "pictures is uint8 (2, 8, 8), needed uint8"),
    "other": ({"images": random_images(2)}, "needed pictures"),
    "fewer": ({"pictures": random_images(2), "neighbours": random_images(1)}, "are not as many as the pictures"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_gallery_is_one_line_of_a_page_that_stands(tmp_path: Path, kind: str) -> None:
    arrays, line = BROKEN[kind]
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **(arrays or {"pictures": random_images(2)}))
    if arrays is None:
        (run / "gallery.npz").write_bytes((run / "gallery.npz").read_bytes()[:60])
    page = Outline(page_of(compare([run])))
    assert line in page.text
    assert str(run / "gallery.npz") in page.text
    assert page.all("img") == []


def test_an_array_of_objects_is_refused_and_not_run(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    np.savez(run / "gallery.npz", pictures=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(Exception, match="cannot be read") as caught:
        gallery_of(run)
    assert type(caught.value).__name__ == "ContentError"


ODD = {
    "words for distances": (
        {"distances": np.array(["a", "b"])},
        "distances is <U1 (2,), needed a number for each image",
    ),
    "tables of distances": ({"distances": np.zeros((2, 2))}, "distances is float64 (2, 2), needed a number for each"),
    "labels of nothing": (
        {"labels": np.full(2, np.nan)},
        "labels is float64 (2,), needed a whole number for each image",
    ),
    "tables of labels": ({"labels": np.zeros((2, 2), int)}, "labels is int64 (2, 2), needed a whole number for each"),
    "one class and no list": ({"classes": np.array("cat")}, "classes is <U3 (), needed a list of names"),
    "pictures of no size": ({"pictures": np.zeros((2, 0, 0, 1), np.uint8)}, "pictures is uint8 (2, 0, 0, 1), needed"),
    "neighbours of no size": (
        {"neighbours": np.zeros((2, 8, 0, 1), np.uint8)},
        "neighbours is uint8 (2, 8, 0, 1), needed",
    ),
    "classes of no samples": (
        {"by_class": np.zeros((1, 0, 8, 8, 1), np.uint8)},
        "by_class is uint8 (1, 0, 8, 8, 1), needed",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_gallery_of_another_kind_is_one_line_of_a_page_that_stands(tmp_path: Path, kind: str) -> None:
    arrays, line = ODD[kind]
    whole = {"pictures": random_images(2), "neighbours": random_images(2), "classes": np.array(["cat"])}
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **{**whole, **arrays})
    page = Outline(page_of(compare([run])))
    assert f"{run / 'gallery.npz'}: {line}" in page.text
    assert page.all("img") == []


def test_of_an_earlier_run_the_grid_is_that_of_the_checkpoint_that_was_scored(tmp_path: Path) -> None:
    report = replace(scored("a", {"fid": (1.0, 0.1)}), more={"training": {"best_step": 1200}})
    run = run_folder(tmp_path / "a", report)
    (run / "grids").mkdir()
    grids = {step: np.repeat(random_images(1, 22, seed=step)[0], 3, axis=2) for step in (100, 1200, 2400)}
    for step, pixels in grids.items():
        Image.fromarray(pixels).save(run / "grids" / f"step-{step:08}.png")
    page = Outline(page_of(compare([run])))
    (image,) = page.all("img")
    assert np.array_equal(pixels_of(image["src"]), grids[1200])
    assert (
        "Samples at step 1,200 Their latents were drawn before training and are the same at every check." in page.text
    )
    (run / "grids" / "step-00001200.png").unlink()
    page = Outline(page_of(compare([run])))
    assert np.array_equal(pixels_of(page.all("img")[0]["src"]), grids[2400])
    assert "Samples at step 2,400" in page.text


@pytest.mark.parametrize("damage", ["cut", "bomb"])
def test_a_broken_grid_is_one_line_of_a_page_that_stands(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    path = run / "grids" / "step-00000100.png"
    path.parent.mkdir()
    Image.fromarray(random_images(1, 100, 3)[0]).save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:40])
    else:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    page = Outline(page_of(compare([run])))
    assert f"{path}: cannot be read (" in page.text
    assert page.all("img") == []
