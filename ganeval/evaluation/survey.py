"""The contents of a set of images, before it is scored: `ganeval check`."""

from dataclasses import dataclass

import numpy as np

from ganeval.errors import BadImage, UsageError
from ganeval.evaluation.warnings import BIAS_COUNT, image_warnings, too_few
from ganeval.media.base import Items, SampleSet
from ganeval.media.census import Census, Facts, ImageRecord, record_of
from ganeval.progress import Tick
from ganeval.reports.scores import METRICS

FEWEST_IMAGES = {name: family.fewest_samples() for name, family in METRICS.items() if family.default}
BATCH = 64


@dataclass(frozen=True)
class Survey:
    """A set of images: counts, formats and unreadable files in `facts`, ignored files, classes and their order."""

    facts: Facts
    ignored: dict[str, int]
    classes: dict[str, int]
    class_sorted: bool

    @property
    def refusal(self) -> str:
        """Why `ganeval score` would refuse this set as it is; empty where it would not."""
        few = too_few(self.facts.count or 0, FEWEST_IMAGES)
        skipped = len(self.facts.skipped)
        files = "1 file" if skipped == 1 else f"{skipped:,} files"
        reasons = [f"{files} cannot be read (mend or remove, or --on-bad-image skip)"] * bool(skipped)
        return "; ".join([*reasons, *[f"too few images for {', '.join(few)}"] * bool(few)])

    def advice(self) -> list[str]:
        """What would distort a score of these images, a sentence each."""
        texts = [text.removeprefix("these: ") for text in image_warnings("these", self.facts, {})]
        if misnamed := self.facts.converted.get("misnamed"):
            texts.append(
                f"{misnamed:,} named for another format than they hold: read by content, as not every tool does"
            )
        if (self.facts.count or 0) < BIAS_COUNT:
            texts.append(f"under {BIAS_COUNT:,} images FID is biased upwards: compare only scores of equal counts")
        return texts

    def rows(self) -> dict[str, str]:
        """The survey as lines of a table."""
        facts, classes = self.facts, self.classes
        rows = {
            "images": f"{facts.count:,}",
            "formats": _counts(facts.formats),
            "converted": _counts(facts.converted) or "none: all plain 8-bit RGB",
            "sizes": "all {1} wide, {0} high".format(*facts.shape[1:]) if facts.shape else f"{facts.sizes} different",
            "exact duplicates": f"{facts.duplicates:,}",
            "other files": _counts(self.ignored) or "none",
            "classes": _counts(classes)
            if len(classes) <= 20
            else f"{len(classes)}, {min(classes.values())} images or more",
            "order": "sorted by class (scores do not depend on it)" if self.class_sorted else "not sorted by class",
            "too few for": ", ".join(too_few(facts.count or 0, FEWEST_IMAGES)) or "no metric",
            "mind": "\n".join(self.advice()) or "nothing",
            "cannot be read": f"{len(facts.skipped):,}"
            + "".join(f"\n{name}: {why}" for name, why in facts.skipped[:20]),
            "fingerprint": facts.fingerprint,
        }
        return rows if classes else {key: value for key, value in rows.items() if key not in ("classes", "order")}


def survey(images: SampleSet, tick: Tick) -> Survey:
    """Decode every image once and count. UsageError for a generator, which has no files to check."""
    if not images.random_access:
        raise UsageError(f"{images.name}: check looks at files and arrays, not at a generator")
    census = Census()
    for records, bad in images.map_batches(_records, BATCH):
        census.add(records, bad)
        tick("decode", census.count, len(images))
    labels, classes, is_sorted = images.labels, dict[str, int](), False
    if labels is not None and len(labels) > 1:
        is_sorted = bool((np.diff(labels) >= 0).all() and labels[0] != labels[-1])
    if labels is not None and images.classes is not None:
        counts = np.bincount(labels, minlength=len(images.classes)).tolist()
        classes = dict(zip(images.classes, counts, strict=True))
    return Survey(census.facts(), images.ignored, classes, is_sorted)


def _records(items: Items) -> tuple[list[ImageRecord], list[BadImage]]:
    records: list[ImageRecord] = []
    bad: list[BadImage] = []
    for index, image in items:
        if isinstance(image, BadImage):
            bad.append(image)
        else:
            records.append(record_of(index, image))
    return records, bad


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
