"""Which pictures train, which choose the best checkpoint and which are kept for the report: always the same ones.

Every draw is made with one fixed seed, whatever the seed of the training, so that runs of all seeds are scored on the
same pictures. (`numpy.random.RandomState` is used because NumPy promises never to change what it draws.)
"""

from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from ganeval.errors import ContentError, UsageError
from ganeval.media.base import SampleSet
from ganeval.sources.datasets import DATASETS, is_dataset
from ganeval.sources.mixtures import SPLITS as POINT_SPLITS
from ganeval.sources.mixtures import is_mixture
from ganeval.sources.opening import Opening, open_source
from ganeval.sources.statistics_files import Statistics

Held = SampleSet | Statistics  # pictures, or points: the features (N, D) of a Statistics
Indices = npt.NDArray[np.int64]

SEED = 2020
FEWEST = 10
MOST_SELECTED = 5000


@dataclass(frozen=True)
class Parts:
    """The three parts of a set, of one kind."""

    train: Held
    selection: Held
    test: Held


def parts_of(source: str, opening: Opening) -> Parts:
    """The parts of anything that can be opened and holds pictures or points; no two share one.

    Splits that are published are kept: a data set's own, and `train` and `test` folders where there are no others.
    What is missing is drawn, in equal shares of each class: a tenth for test, a tenth (5,000 at most) for selection.
    Raises UsageError for what cannot be trained on and ContentError for fewer than ten pictures.
    """
    if not (is_dataset(source) or is_mixture(source)):
        whole = held_in(source, opening)
        if holds_domains(whole):
            raise UsageError(f"{source}: holds two domains (trainA, trainB), which only cyclegan learns")
        return divided(whole)
    name, _, split = source.partition(":")
    if split not in ("", "train"):
        raise UsageError(f"{source}: found one split, needed the data set whole: say {name}")
    splits = POINT_SPLITS if is_mixture(name) else DATASETS[name].splits
    published = {one: held_in(f"{name}:{one}", opening) for one in splits}
    return partition(published["train"], published.get("test"), published.get("selection"))


def held_in(source: str, opening: Opening) -> Held:
    """The pictures or points of a source; UsageError for what is read only once."""
    found = open_source(source, replace(opening, count=0, pictures=True))  # the count only lets callables be told apart
    if isinstance(found, SampleSet | Statistics):
        return found
    raise UsageError(f"{source}: found a stream, which is read once; needed pictures in a folder, archive or array")


def holds_domains(whole: Held | None) -> TypeGuard[SampleSet]:
    """Whether a set is laid out as CycleGAN's authors do, in folders trainA and trainB."""
    return isinstance(whole, SampleSet) and {"trainA", "trainB"} <= set(whole.classes or ())


def divided(whole: Held) -> Parts:
    """The parts of what is no named data set."""
    if not isinstance(whole, SampleSet) or whole.classes != ("test", "train"):
        return partition(whole)
    inside = folders(whole)
    train, test = inside["train"], inside["test"]
    if train.classes != test.classes:
        found = " and ".join(", ".join(one.classes or ("none",)) for one in (train, test))
        raise ContentError(f"{whole.name}: found the classes {found} in train and test, needed the same in both")
    return partition(train, test)


def partition(whole: Held, test: Held | None = None, selection: Held | None = None) -> Parts:
    """The parts of `whole`: those not given are drawn from it, and what is left trains."""
    count = count_of(whole)
    if count < FEWEST:
        raise ContentError(f"{whole.name}: found {count} to train on, needed {FEWEST} or more")
    if test is None:
        test, whole = draw(whole, count // 10)
    if selection is None:
        selection, whole = draw(whole, min(MOST_SELECTED, count // 10))
    return Parts(whole, selection, test)


def draw(whole: Held, count: int) -> tuple[Held, Held]:
    """`count` pictures in a random order, as many of each class as is its share, and the rest in their own order."""
    labels = np.zeros(count_of(whole), np.int64) if whole.labels is None else whole.labels
    chosen = stratified(labels, count)
    return subset(whole, chosen), subset(whole, np.setdiff1d(np.arange(len(labels)), chosen))


def stratified(labels: Indices, count: int) -> Indices:
    """Where `count` of the labels are, in random order: of each class its share, rounded up or down.

    >>> labels = np.repeat([0, 1, 2], [60, 30, 10])
    >>> np.bincount(labels[stratified(labels, 10)])
    array([6, 3, 1])
    """
    random = np.random.RandomState(SEED)
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    evenly = ((2 * np.arange(count) + 1) * len(labels)) // (2 * count)  # the middles of `count` equal stretches
    chosen: Indices = by_class[random.permutation(evenly)]
    return chosen


def folders(images: SampleSet) -> dict[str, SampleSet]:
    """Pictures by first-level folder, as the labels tell it; each set labelled by its own folders, if it has any."""
    if images.classes is None or images.labels is None:
        return {}
    return {name: _inside(images, name, np.flatnonzero(images.labels == at)) for at, name in enumerate(images.classes)}


def count_of(held: Held) -> int:
    """How many pictures or points."""
    return len(held) if isinstance(held, SampleSet) else len(points(held))


def points(held: Statistics) -> npt.NDArray[np.float32]:
    """The points (N, D) of a set of vectors; UsageError where only their statistics are known."""
    if held.features is None:
        raise UsageError(f"{held.name}: found statistics, needed pictures or points to train on")
    return held.features.astype(np.float32, copy=False)


def subset(held: Held, indices: Indices) -> Held:
    """Some pictures or points, with their labels."""
    if isinstance(held, SampleSet):
        return held.subset(indices.tolist())
    labels = None if held.labels is None else held.labels[indices]
    return replace(held, features=points(held)[indices], labels=labels)


def _inside(images: SampleSet, folder: str, indices: Indices) -> SampleSet:
    """The pictures of one first-level folder, labelled by the folders in it where every picture lies in one."""
    held = images.subset(indices.tolist())
    inner = [_second_folder(images.name_of(int(index))[len(images.name) + 1 :]) for index in indices]
    held.name, held.labels, held.classes = f"{images.name}/{folder}", None, None
    if "" not in inner and len(set(inner)) > 1:
        names, labels = np.unique(inner, return_inverse=True)
        held.labels, held.classes = labels.astype(np.int64), tuple(map(str, names))
    return held


def _second_folder(member: str) -> str:
    parts = member.split("/")
    return parts[1] if len(parts) > 2 else ""
