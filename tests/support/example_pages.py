"""Reports, run folders and images for tests of the page, and its HTML taken apart."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganeval.reports.report import ImageSet, Protocol, Report, Score
from ganeval.reports.run_folders import write_run

RECORDED = Path(__file__).parents[2] / "results" / "recorded"


HOW = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")


REAL = ImageSet("digits:test", "digits:test", 500, "sha256:aa", (3, 8, 8))


DIRECTIONS = {"fid": "lower", "kid": "lower", "inception_score": "higher", "precision": "higher", "recall": "higher"}


Scores = Mapping[str, tuple[float, float | None]]


def scored(name: str, scores: Scores, source: str = "", **parts: Any) -> Report:
    """A report of 100 samples with these values and errors."""
    kept = {key: Score(value, DIRECTIONS.get(key, "higher"), error) for key, (value, error) in scores.items()}
    samples = ImageSet(name, source or f"{name}/", 100, f"sha256:{name}", (3, 8, 8))
    return Report("0.1.0", "2026-01-31T12:00:00Z", samples, REAL, HOW, kept, **parts)


def run_folder(folder: Path, report: Report, **arrays: Any) -> Path:
    """A run folder, with a gallery where there are arrays for one."""
    write_run(folder, report, {"seed": 7})
    if arrays:
        np.savez_compressed(folder / "gallery.npz", **arrays)
    return folder


def random_images(count: int, side: int = 8, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, side, side, channels), np.uint8)


class Outline(HTMLParser):
    """The tags of a page with their attributes, and its text without styles and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = 0
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += f" {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pixels_of(uri: str | None) -> np.ndarray:
    """The picture in a data URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode((uri or "").partition(",")[2]))))


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
