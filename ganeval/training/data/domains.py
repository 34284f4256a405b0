"""Two unpaired domains for CycleGAN: two folders, two sources, or the pictures of one source and outlines of others.

A folder with `trainA` and `trainB` (and `testA`, `testB`) is laid out as CycleGAN's authors do (Zhu et al. 2017,
arXiv:1703.10593). The outline of a picture is computed, so there the truth that a translation should give is known.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ganeval.errors import GanevalWarning, UsageError
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.sources.datasets import DATASETS, DIGITS, is_dataset
from ganeval.sources.opening import Opening, display_name, full_name
from ganeval.training.data.dataset import Split, Splits, assembled, name_of, read_splits
from ganeval.training.data.outlines import outlines
from ganeval.training.data.splits import (
    Held,
    Indices,
    Parts,
    divided,
    folders,
    held_in,
    holds_domains,
    partition,
    parts_of,
    stratified,
)

LEAST = 16  # pixels: the translators halve twice, and of 8 nothing would be left


@dataclass(frozen=True, eq=False)
class Domains:
    """Two unpaired domains.

    `truth`: the test and selection splits are paired: `b.test.pixels[i]` is what `a.test.pixels[i]` should become.
    """

    a: Splits
    b: Splits
    names: tuple[str, str]
    truth: bool
    name: str

    @property
    def fingerprint(self) -> str:
        """The sha256 (hex) of domain A, a dash, and that of domain B."""
        return f"{self.a.fingerprint}-{self.b.fingerprint}"


def load_domains(
    source: str,
    other: str | None = None,
    *,
    size: int | None = None,
    data_root: Path | None = None,
    offline: bool = False,
    tick: Tick = silent,
) -> Domains:
    """Domains A and B: `source` and `other`; else its folders trainA and trainB; else its pictures and their outlines.

    Pictures are at least 16 pixels wide: smaller ones are enlarged, bicubic. In the training split the outlines are
    those of other pictures, half for each domain; in selection and test they are of the very same.
    Raises as `load_splits`, and UsageError for points, domains of two sizes and `other` beside a folder of both.

    >>> domains = load_domains("digits")
    >>> domains.names, domains.a.shape, len(domains.a.train), len(domains.b.train), domains.truth
    (('digit', 'outline'), (1, 16, 16), 548, 549, True)
    """
    opening = Opening(data_root, offline)
    if other is not None:
        return _two_sources((source, other), opening, size, tick)
    held = _own(source, opening)
    if holds_domains(held):
        return _two_folders(source, folders(held), size, tick)
    parts = parts_of(source, opening) if held is None else divided(held)
    return _outlined(_material(parts, name_of(source), full_name(source), size, tick))


def _own(source: str, opening: Opening) -> Held | None:
    """What a source holds that is no named data set: it may be two domains."""
    return None if is_dataset(source) else held_in(source, opening)


def _two_sources(sources: tuple[str, str], opening: Opening, size: int | None, tick: Tick) -> Domains:
    source, other = sources
    if holds_domains(_own(source, opening)):
        raise UsageError(f"--data-b {other}: {source} already holds trainB; leave one of them out")
    if holds_domains(_own(other, opening)):
        raise UsageError(f"--data-b {other}: holds two domains (trainA, trainB), needed one; give it as --data alone")
    a, b = (_material(parts_of(one, opening), name_of(one), full_name(one), size, tick) for one in sources)
    names = (a.name, b.name) if a.name != b.name else sources
    return _unpaired(a, b, names, f"{a.name}-{b.name}")


def _two_folders(source: str, inside: dict[str, SampleSet], size: int | None, tick: Tick) -> Domains:
    if others := sorted(set(inside) - {"trainA", "trainB", "testA", "testB"}):
        found = f"{source}: {', '.join(others)} not used: only trainA, trainB, testA and testB are"
        warnings.warn(found, GanevalWarning, 3)
    name = display_name(source)
    parts = {one: partition(inside[f"train{one}"], inside.get(f"test{one}")) for one in "AB"}
    a, b = (_material(parts[one], f"{name}-{one}", source, size, tick) for one in "AB")
    return _unpaired(a, b, ("trainA", "trainB"), name)


def _unpaired(a: Splits, b: Splits, names: tuple[str, str], name: str) -> Domains:
    if a.shape[1:] != b.shape[1:]:
        found = " and ".join(f"{one.shape[-2]} x {one.shape[-1]}" for one in (a, b))
        raise UsageError(f"{name}: found domains of {found} pixels, needed one size; give --set size=N to resize")
    return Domains(a, b, names, truth=False, name=name)


def _outlined(whole: Splits) -> Domains:
    """Half of the training pictures, the outlines of the other half, and whole splits with their outlines to judge by.

    The halves are drawn class by class: in a folder sorted by class, the first half would be other classes.
    """
    labels = np.zeros(len(whole.train), np.int64) if whole.train.labels is None else whole.train.labels.numpy()
    half = np.sort(stratified(labels, len(labels) // 2))
    first = _taken(whole.train, half)
    second = _taken(whole.train, np.setdiff1d(np.arange(len(labels)), half))
    a = assembled(whole.name, whole.source, [first, whole.selection, whole.test])
    b = assembled(
        f"{whole.name}-outline", whole.source, [_traced(one) for one in (second, whole.selection, whole.test)]
    )
    digits = whole.name in DATASETS and DATASETS[whole.name].classes == DIGITS
    return Domains(a, b, ("digit" if digits else "picture", "outline"), truth=True, name=whole.name)


def _taken(split: Split, indices: Indices) -> Split:
    chosen = torch.from_numpy(indices)
    return replace(split, pixels=split.pixels[chosen], labels=None if split.labels is None else split.labels[chosen])


def _traced(split: Split) -> Split:
    return replace(split, pixels=outlines(split.pixels))


def _material(parts: Parts, name: str, source: str, size: int | None, tick: Tick) -> Splits:
    material = read_splits(parts, name, source, size=size, least=LEAST, tick=tick)
    if len(material.shape) == 1:
        raise UsageError(f"{source}: found points, needed pictures to translate")
    return material
