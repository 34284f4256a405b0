"""Two unpaired domains for CycleGAN: two folders, two sources, or the images of one source and outlines of others.

A folder with `trainA` and `trainB` (and `testA`, `testB`) is laid out as CycleGAN's authors do (Zhu et al. 2017,
arXiv:1703.10593). The outline of an image is computed, so there the truth that a translation should give is known.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from ganeval.errors import GanevalWarning, UsageError
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.sources.datasets import DATASETS, DIGITS, is_dataset
from ganeval.sources.opening import Opening, display_name, full_name
from ganeval.training.data.dataset import OpenSplits, Splits, assembled, name_of, opened
from ganeval.training.data.outlines import outlines
from ganeval.training.data.splits import (
    ImagesOrPoints,
    Parts,
    by_folder,
    holds_domains,
    open_set,
    partition,
    parts_of,
    split_set,
    stratified,
)

MIN_SIDE = 16  # pixels: the translators halve twice, and of 8 nothing would be left


@dataclass(frozen=True)
class Direction:
    """The way a translator goes, from domain `source` to domain `target`: `a` and `b`, or `b` and `a`."""

    source: str
    target: str

    @property
    def name(self) -> str:
        """`ab` or `ba`: the name of the translator, and of the option `--direction`."""
        return self.source + self.target

    @property
    def back(self) -> "Direction":
        """The other direction."""
        return Direction(self.target, self.source)


FORTH = Direction("a", "b")
DIRECTIONS = {direction.name: direction for direction in (FORTH, FORTH.back)}


@dataclass(frozen=True, eq=False)
class Domains:
    """Two unpaired domains in memory.

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

    def source(self, direction: Direction) -> Splits:
        """The domain that is translated."""
        return self.a if direction.source == "a" else self.b

    def target(self, direction: Direction) -> Splits:
        """The domain that it is translated to."""
        return self.source(direction.back)

    def arrow(self, direction: Direction) -> str:
        """The direction in the domains' own names, as `digit→outline`."""
        return "→".join(self.names if direction == FORTH else self.names[::-1])


@dataclass(frozen=True, eq=False)
class OpenDomains:
    """Two domains before their pixels are read; `b` is None where it is the outlines of A's images."""

    a: OpenSplits
    b: OpenSplits | None
    names: tuple[str, str]
    name: str

    def read(self, tick: Tick = silent) -> Domains:
        """Both domains in memory."""
        if self.b is None:
            return _outlined(self.a.read(tick), self.names)
        return Domains(self.a.read(tick), self.b.read(tick), self.names, truth=False, name=self.name)


def open_domains(source: str, other: str | None, opening: Opening, *, size: int | None = None) -> OpenDomains:
    """Domains A and B: `source` and `other`; else its folders trainA and trainB; else its images and their outlines.

    Images are at least 16 pixels wide: smaller ones are enlarged, bicubic. In the training split the outlines are
    those of other images, half for each domain; in selection and test they are of the very same.
    Raises as `open_splits`, and UsageError for points, domains of two sizes and `other` beside a folder of both.

    >>> domains = open_domains("digits", None, Opening()).read()
    >>> domains.names, domains.a.shape, len(domains.a.train), len(domains.b.train), domains.truth
    (('digit', 'outline'), (1, 16, 16), 548, 549, True)
    """
    whole = _own_set(source, opening)
    if other is not None:
        if holds_domains(whole):
            raise UsageError(f"--data-b {other}: found trainB in {source} already; leave one of them out")
        return _two_sources((source, other), opening, size)
    if holds_domains(whole):
        return _two_folders(source, by_folder(whole), size)
    parts = parts_of(source, opening) if whole is None else split_set(whole)
    a = _domain(parts, name_of(source), source, size)
    digits = a.name in DATASETS and DATASETS[a.name].classes == DIGITS
    return OpenDomains(a, None, ("digit" if digits else "picture", "outline"), a.name)


def _own_set(source: str, opening: Opening) -> ImagesOrPoints | None:
    """The set of a source that is no named data set: it may hold two domains."""
    return None if is_dataset(source) else open_set(source, opening)


def _two_sources(sources: tuple[str, str], opening: Opening, size: int | None) -> OpenDomains:
    other = sources[1]
    if holds_domains(_own_set(other, opening)):
        raise UsageError(f"--data-b {other}: found two domains (trainA, trainB), needed one; give it as --data alone")
    a, b = (_domain(parts_of(source, opening), name_of(source), source, size) for source in sources)
    return _unpaired(a, b, (a.name, b.name) if a.name != b.name else sources, f"{a.name}-{b.name}")


def _two_folders(source: str, folders: dict[str, SampleSet], size: int | None) -> OpenDomains:
    if unused := sorted(set(folders) - {"trainA", "trainB", "testA", "testB"}):
        text = f"{source}: {', '.join(unused)} left out: only trainA, trainB, testA and testB are read"
        warnings.warn(text, GanevalWarning, 3)
    name = display_name(source)
    parts = {domain: partition(folders[f"train{domain}"], folders.get(f"test{domain}")) for domain in "AB"}
    a, b = (_domain(parts[domain], f"{name}-{domain}", source, size) for domain in "AB")
    return _unpaired(a, b, ("trainA", "trainB"), name)


def _unpaired(a: OpenSplits, b: OpenSplits, names: tuple[str, str], name: str) -> OpenDomains:
    if a.shape[1:] != b.shape[1:]:
        sizes = " and ".join(f"{domain.shape[-2]} x {domain.shape[-1]}" for domain in (a, b))
        raise UsageError(f"{name}: found domains of {sizes} pixels, needed one size; give --set size=N to resize")
    return OpenDomains(a, b, names, name)


def _domain(parts: Parts, name: str, source: str, size: int | None) -> OpenSplits:
    domain = opened(parts, name, size=size, least=MIN_SIDE)
    if len(domain.shape) == 1:
        raise UsageError(f"{full_name(source)}: found points, needed images to translate")
    return domain


def _outlined(whole: Splits, names: tuple[str, str]) -> Domains:
    """Half of the training images, the outlines of the other half; selection and test whole, with their outlines.

    The halves are drawn class by class: in a folder sorted by class, the first half would be other classes.
    """
    labels = np.zeros(len(whole.train), np.int64) if whole.train.labels is None else whole.train.labels.numpy()
    half = np.sort(stratified(labels, len(labels) // 2))
    first = whole.train.take(half)
    second = whole.train.take(np.setdiff1d(np.arange(len(labels)), half))
    a = assembled(whole.name, [first, whole.selection, whole.test])
    outlined = [replace(split, pixels=outlines(split.pixels)) for split in (second, whole.selection, whole.test)]
    b = assembled(f"{whole.name}-outline", outlined)
    return Domains(a, b, names, truth=True, name=whole.name)
