"""`ganeval check`: what is in a set of images, counted, and whether `ganeval score` would refuse it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganeval.errors import ContentError
from ganeval.evaluation.evaluator import evaluate
from ganeval.evaluation.survey import FEWEST_IMAGES, survey
from ganeval.media.arrays import array_images
from ganeval.media.files import folder_images

EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"


def check(source):
    return survey(source, lambda *_: None)


def facts(run, source, code=0):
    """The rows of the printed table; what continues a row is part of it."""
    result = run("check", source)
    assert result.exit_code == code, result.stderr
    rows, name = {}, ""
    for line in result.stdout.splitlines()[2:]:
        if found := re.match(r"  (\S.*?)  +(\S.*)", line):
            name, rows[found[1]] = found[1], found[2]
        elif line.strip():
            rows[name] += f"\n{line.strip()}"
    return rows


def test_plain_images_are_said_to_be_plain(run, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (9, 16, 12, 3), np.uint8)
    for index, pixels in enumerate(noise):
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    rows = facts(run, tmp_path)
    assert rows["images"] == "9"
    assert rows["formats"] == "png 9"
    assert rows["converted"] == "none: all plain 8-bit RGB"
    assert rows["sizes"] == "all 12 wide, 16 high"
    assert rows["exact duplicates"] == "0"
    assert rows["other files"] == "none"
    assert rows["too few for"] == "no metric"
    assert rows["cannot be read"] == "0"
    assert rows["fingerprint"] == check(folder_images(tmp_path)).facts.fingerprint
    assert not {"classes", "order"} & set(rows)


def test_everything_odd_is_counted(run, write_digits, tmp_path):
    folder = write_digits(tmp_path / "odd", 10)
    shutil.copy(folder / "000.png", folder / "copy.png")
    Image.new("RGB", (20, 10)).save(folder / "wide.jpg")
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(folder / "clear.png")
    Image.fromarray(np.full((8, 8), 60000, np.uint16)).save(folder / "deep.png")
    (folder / "notes.txt").touch()
    (folder / ".hidden").touch()
    (folder / "cut.png").write_bytes((folder / "000.png").read_bytes()[:50])
    (folder / "mislabelled.jpg").write_bytes((folder / "000.png").read_bytes())
    rows = facts(run, folder, code=1)
    assert rows["images"] == "15"
    assert rows["formats"] == "jpeg 1, png 14"
    assert rows["converted"] == "16-bit 1, alpha 1, grey 13, misnamed 1"
    assert "1 named for another format than they hold: read by content" in rows["mind"]
    assert rows["sizes"] == "2 different"
    assert rows["exact duplicates"] == "2"
    assert rows["other files"] == ".txt 1, hidden 1"
    assert rows["cannot be read"].splitlines() == [
        "1",
        f"{folder}/cut.png: cannot be decoded: image file is truncated",
    ]


def test_classes_and_their_order(run):
    rows = facts(run, EXAMPLES)
    counted = {folder.name: len(list(folder.iterdir())) for folder in sorted(EXAMPLES.iterdir()) if folder.is_dir()}
    assert rows["classes"] == ", ".join(f"{name} {count}" for name, count in counted.items())
    assert rows["order"] == "sorted by class (scores do not depend on it)"
    shuffled = facts(run, "digits:test")
    assert shuffled["order"] == "not sorted by class"


def test_many_classes_are_summed_up():
    images = array_images(
        np.zeros((50, 8, 8), np.uint8), labels=np.arange(50) % 25, classes=tuple("abcdefghijklmnopqrstuvwxy")
    )
    assert check(images).rows()["classes"] == "25, 2 images or more"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7])
def test_check_refuses_what_score_refuses(run, write_digits, tmp_path, count):
    folder = write_digits(tmp_path / "few", count)
    checked = run("check", folder)
    scored = run("score", "--samples", folder, "--ref", "digits", "--extractor", "digits")
    assert checked.exit_code == scored.exit_code == (1 if count < 7 else 0)
    if count < 7:
        (refused,) = re.findall(r"found \d images?, needed at least \d for (\S+);", scored.stderr)
        assert refused in re.search(r"too few images for (.*)", checked.stderr)[1].split(", ")


@pytest.mark.parametrize("family", FEWEST_IMAGES)
def test_the_least_count_of_each_family_is_the_one_that_score_asks_for(family, write_digits, tmp_path):
    enough = write_digits(tmp_path / "enough", FEWEST_IMAGES[family])
    assert evaluate(enough, "digits", metrics=[family]).scores
    (enough / "000.png").unlink()
    with pytest.raises(ContentError, match=f"needed at least {FEWEST_IMAGES[family]} for {family}"):
        evaluate(enough, "digits", metrics=[family])


def test_the_fingerprint_is_that_of_the_report(run, digits_folder):
    report = evaluate(digits_folder, "digits", metrics=["fid"])
    assert facts(run, digits_folder)["fingerprint"] == report.samples.fingerprint
