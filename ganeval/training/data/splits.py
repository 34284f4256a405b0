"""Cuts a data set into training, selection and test splits: always the same ones.

The training split trains, the selection split chooses the best checkpoint, the test split is the report's reference.
Splits are drawn with one fixed seed, whatever the seed of the training, so that runs of all seeds are scored on the
same images. (`numpy.random.RandomState` is used because NumPy promises never to change what it draws.)
"""

from dataclasses import replace
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

ImagesOrPoints = SampleSet | Statistics  # points are the features (N, D) of a Statistics
Parts = dict[str, ImagesOrPoints]  # train, selection and test: all images or all points; nothing is decoded yet
Indices = npt.NDArray[np.int64]

SEED = 2020
MIN_SAMPLES = 10
MAX_SELECTION = 5000


def parts_of(source: str, opening: Opening) -> Parts:
    """The parts of anything that can be opened and holds images or points; they share no sample.

    Published splits are kept: a data set's own, and folders `train` and `test` where there are no others. A missing
    split is drawn, stratified by class: a tenth for test, a tenth (5,000 at most) for selection.
    Raises UsageError for a source that cannot be trained on and ContentError for fewer than ten samples.
    """
    if not (is_dataset(source) or is_mixture(source)):
        whole = open_set(source, opening)
        if holds_domains(whole):
            raise UsageError(f"{source}: found two domains (trainA, trainB), which only cyclegan learns")
        return split_set(whole)
    name, _, split = source.partition(":")
    if split not in ("", "train"):
        raise UsageError(f"{source}: found one split, needed the whole data set; give {name}")
    splits = POINT_SPLITS if is_mixture(name) else DATASETS[name].splits
    published = {split: open_set(f"{name}:{split}", opening) for split in splits}
    return partition(published["train"], published.get("test"), published.get("selection"))


def open_set(source: str, opening: Opening) -> ImagesOrPoints:
    """The images or points of a source; UsageError for a stream, which is read only once, and for statistics alone."""
    # with a count, a callable opens as a stream, and is refused as one
    opened = open_source(source, replace(opening, count=0, images=True))
    if not opened.random_access:
        raise UsageError(f"{source}: found a stream, which is read once; needed images in a folder, archive or array")
    if opened.count is None:
        raise UsageError(f"{opened.name}: found statistics, needed images or points to train on")
    return opened


def holds_domains(whole: ImagesOrPoints | None) -> TypeGuard[SampleSet]:
    """Whether a set is laid out as CycleGAN's authors do, in folders trainA and trainB."""
    return isinstance(whole, SampleSet) and {"trainA", "trainB"} <= set(whole.classes or ())


def split_set(whole: ImagesOrPoints) -> Parts:
    """The parts of a set that is no named data set."""
    if not isinstance(whole, SampleSet) or whole.classes != ("test", "train"):
        return partition(whole)
    folders = by_folder(whole)
    train, test = folders["train"], folders["test"]
    if train.classes != test.classes:
        classes = " and ".join(", ".join(part.classes or ("none",)) for part in (train, test))
        raise ContentError(f"{whole.name}: found the classes {classes} in train and test, needed the same in both")
    return partition(train, test)


def partition(
    whole: ImagesOrPoints, test: ImagesOrPoints | None = None, selection: ImagesOrPoints | None = None
) -> Parts:
    """The parts of `whole`: those not given are drawn from it, and the rest is the training split."""
    count = whole.count or 0
    if count < MIN_SAMPLES:
        raise ContentError(f"{whole.name}: found {count} samples to train on, needed {MIN_SAMPLES} or more")
    if test is None:
        test, whole = draw_part(whole, count // 10)
    if selection is None:
        selection, whole = draw_part(whole, min(MAX_SELECTION, count // 10))
    return {"train": whole, "selection": selection, "test": test}


def draw_part(whole: ImagesOrPoints, count: int) -> tuple[ImagesOrPoints, ImagesOrPoints]:
    """`count` samples drawn at random, stratified by class, and the rest in their own order."""
    labels = np.zeros(whole.count or 0, np.int64) if whole.labels is None else whole.labels
    chosen = stratified(labels, count)
    rest = np.setdiff1d(np.arange(len(labels)), chosen)
    return whole.subset(chosen.tolist()), whole.subset(rest.tolist())


def stratified(labels: Indices, count: int) -> Indices:
    """The indices of `count` labels in random order: of each class its share, rounded up or down.

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


def by_folder(images: SampleSet) -> dict[str, SampleSet]:
    """Images by first-level folder, read from the labels; each set is labelled by its own folders, if it has any."""
    if images.classes is None or images.labels is None:
        return {}
    return {name: _folder(images, name, np.flatnonzero(images.labels == at)) for at, name in enumerate(images.classes)}


def _folder(images: SampleSet, folder: str, indices: Indices) -> SampleSet:
    """The images of one first-level folder, labelled by the folders in it where every image lies in one."""
    part = images.subset(indices.tolist())
    part.name, part.labels, part.classes = f"{images.name}/{folder}", None, None
    members = [images.name_of(int(index))[len(images.name) + 1 :].split("/") for index in indices]
    inner = [names[1] for names in members if len(names) > 2]
    if len(inner) == len(members) and len(set(inner)) > 1:
        classes, labels = np.unique(inner, return_inverse=True)
        part.labels, part.classes = labels.astype(np.int64), tuple(map(str, classes))
    return part
