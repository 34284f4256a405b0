"""What a report warns of where its two sets differ in more than content."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganeval
from ganeval.errors import UsageError
from ganeval.evaluation.settings import Settings

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
SETTINGS = Settings(metrics="kid", extractor="digits", cache=False)


def folder(path: Path, *, size: tuple[int, int] = (16, 16), mode: str = "RGB", suffix: str = "png") -> Path:
    path.mkdir()
    for number, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).resize(size).convert(mode).save(path / f"{number}.{suffix}")
    return path


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"suffix": "jpg"}, "samples: 100 % jpeg, reference: 0 %: lossy compression alone changes FID"),
        ({"suffix": "webp"}, "samples: 100 % webp, reference: 0 %: lossy compression"),
        ({"mode": "L"}, "samples: 100 % grey, reference: 0 %: grey images against colour"),
        ({"mode": "RGBA"}, "samples: 100 % alpha, reference: 0 %: transparent images are laid over white"),
        ({"size": (48, 48)}, "samples has images of 48x48 pixels, reference of 16x16: their sharpness differs"),
        ({"size": (32, 16)}, "samples has images of 32x16 pixels, reference of 16x16: one is squeezed against the"),
    ],
)
def test_sets_that_differ_in_form_are_warned_about(tmp_path: Path, form: dict[str, str], text: str) -> None:
    reference, samples = folder(tmp_path / "reference"), folder(tmp_path / "samples", **form)  # type: ignore[arg-type]
    effect = text.rpartition(": ")[2]
    assert sum(text in warning for warning in ganeval.evaluate(samples, reference, SETTINGS).warnings) == 1
    assert sum(effect in warning for warning in ganeval.evaluate(reference, samples, SETTINGS).warnings) == 1


def test_sets_of_one_form_are_not(tmp_path: Path) -> None:
    report = ganeval.evaluate(folder(tmp_path / "a", suffix="jpg"), folder(tmp_path / "b", suffix="jpeg"), SETTINGS)
    assert not any("jpeg" in warning for warning in report.warnings)


@pytest.mark.parametrize("flag", ["crop", "resize"])
def test_framing_is_what_dataset_tool_stores(tmp_path: Path, flag: str) -> None:
    wide = folder(tmp_path / "wide", size=(33, 20))
    (tmp_path / "stored").mkdir()
    for path in wide.iterdir():
        image = Image.open(path)
        if flag == "crop":  # Karras et al. 2021: the middle, then Lanczos
            pixels = np.asarray(image)[:20, (33 - 20) // 2 : (33 + 20) // 2]
            image = Image.fromarray(pixels)
        image.resize((12, 12), Image.Resampling.LANCZOS).save(tmp_path / "stored" / path.name)
    reference = folder(tmp_path / "reference", size=(12, 12))
    framed = ganeval.evaluate(wide, reference, SETTINGS.override({flag: 12}))
    stored = ganeval.evaluate(tmp_path / "stored", reference, SETTINGS)
    assert framed.scores["kid"] == stored.scores["kid"]
    assert framed.protocol.resize == f"{flag}-12, tf1-bilinear"
    assert stored.protocol.resize == "tf1-bilinear"
    assert not any("squeezed" in warning for warning in framed.warnings)


def test_framed_features_have_a_place_of_their_own_in_the_store(tmp_path: Path) -> None:
    wide, reference = folder(tmp_path / "wide", size=(32, 16)), folder(tmp_path / "reference")
    values = set()
    for settings in (Settings(), Settings(crop=8), Settings(resize=8), Settings(crop=9)):
        chosen = settings.override({"metrics": "kid", "extractor": "digits"})
        values.add(ganeval.evaluate(wide, reference, chosen).scores["kid"].value)
    assert len(values) == 4


def test_crop_and_resize_together_are_refused() -> None:
    with pytest.raises(UsageError, match="found --crop 8 and --resize 8, needed one of them"):
        Settings(crop=8, resize=8)
    with pytest.raises(UsageError, match="--crop: found 0, needed 1 to 8192"):
        Settings(crop=0)
