"""What metric families need of a reference and samples: a function for each need, in the table `INPUTS` below."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.evaluation.settings import DEFAULTS, Settings
from ganeval.features.feature_set import FeatureSet
from ganeval.features.joining import load_or_compute
from ganeval.features.store import Entry, Store, key_of
from ganeval.metrics.balls import LISTED
from ganeval.metrics.copies import replication
from ganeval.metrics.distances import Neighbours
from ganeval.metrics.estimate import check_rows
from ganeval.metrics.frechet_error import fid_change
from ganeval.metrics.modes import Cells, Modes, cells, modes_by_cell, modes_by_probability, modes_by_vote
from ganeval.metrics.moments import Moments, moments
from ganeval.metrics.neighbours import overlap, real_neighbours
from ganeval.metrics.overlap import Overlap
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick, silent
from ganeval.runtime.devices import plain_defaults, precision_context

Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class MetricInputs:
    """A reference and samples, and the settings of their comparison: both numbers of neighbours, and the seed.

    `classifier`: the probabilities are of the reference's own classes. `store` has what depends on the reference alone.
    `ranks` share the neighbour search; the first of them computes all else.
    `values`: the needs computed so far; each is computed when the first family asks for it.
    """

    real: FeatureSet
    fake: FeatureSet
    settings: Settings = DEFAULTS
    classifier: bool = False
    store: Store = field(default_factory=lambda: Store(None))
    ranks: Ranks = ALONE
    tick: Tick = silent
    values: dict[str, Any] = field(default_factory=dict, init=False)

    def arguments(self, needs: Iterable[str]) -> dict[str, Any]:
        """The arguments of a family's function, by the names in its row."""
        return {need: self.value(need) for need in needs}

    def value(self, need: str) -> Any:
        """One of `INPUTS`, computed once."""
        if need not in self.values:
            self.values[need] = INPUTS[need](self)
        return self.values[need]

    @property
    def real_features(self) -> Tensor:
        return _required("real", self.real.features)

    @property
    def fake_features(self) -> Tensor:
        return _required("fake", self.fake.features)

    @property
    def mode_names(self) -> list[str] | None:
        """The classes that modes are; None where they are cells, or modes of a mixture."""
        classes = self.real.classes if self.classifier or self.real.labels is not None else None
        return None if classes is None or self.real.centres is not None else list(classes)

    def precision_effect(self) -> float | None:
        """How much higher FID is than in float32, where a few features of both sets are known in both formats."""
        real, fake, device = self.real.precision_sample, self.fake.precision_sample, self.fake_features.device
        if real is None or fake is None:
            return None
        pairs = [(sample.own.to(device), sample.float32.to(device)) for sample in (real, fake)]
        with torch.no_grad(), plain_defaults(), precision_context("float32", device):
            sets = self.arguments(("real", "fake", "real_moments", "fake_moments"))
            return fid_change(**sets, real_pairs=pairs[0], fake_pairs=pairs[1])


def real(inputs: MetricInputs) -> Tensor | Moments:
    """The reference's features, or its moments where a file holds no more."""
    return _required("real", inputs.real.moments) if inputs.real.features is None else inputs.real.features


def real_moments(inputs: MetricInputs) -> Moments | None:
    """The reference's mean and covariance; None where `real` gives them already."""
    features = inputs.real.features
    if features is None or inputs.real.moments is not None:
        return None if features is None else inputs.real.moments
    check_rows("real", features)
    tensors = _from_store(inputs, "moments", lambda: moments(features))
    return Moments(len(features), **tensors)


def fake_moments(inputs: MetricInputs) -> Moments:
    """The samples' mean and covariance."""
    check_rows("fake", inputs.fake_features)
    return inputs.fake.moments or moments(inputs.fake_features)


def fake_replication(inputs: MetricInputs) -> float:
    """How often the samples hold each image."""
    return replication(inputs.fake_features)


def shared_overlap(inputs: MetricInputs) -> Overlap:
    """The neighbour search: which points lie in one another's balls, for precision, recall, density and coverage."""
    features, ranks = inputs.real_features, inputs.ranks
    k, k_dense = inputs.settings.k_precision_recall, inputs.settings.k_density_coverage

    def search() -> Neighbours:
        return real_neighbours(features, k, k_dense, ranks)

    tensors = _from_store(inputs, "neighbours", search, ranks, k=k, k_dense=k_dense, listed=LISTED)
    return overlap(
        features,
        inputs.fake_features,
        k_precision_recall=k,
        k_density_coverage=k_dense,
        neighbours=Neighbours(**tensors),
        ranks=ranks,
        tick=inputs.tick,
    )


def real_cells(inputs: MetricInputs) -> Cells:
    """The k-means cells of the reference."""
    features, seed = inputs.real_features, inputs.settings.seed
    tensors = _from_store(inputs, "cells", lambda: cells(features, seed), seed=seed)
    return Cells(**{name: tensor.cpu() for name, tensor in tensors.items()})


def fake_cells(inputs: MetricInputs) -> Modes:
    """The reference's cell of each sample."""
    return modes_by_cell(inputs.value("real_cells"), inputs.fake_features)


def fake_modes(inputs: MetricInputs) -> Modes:
    """By the classifier if its classes are the reference's, else by vote of labelled references, else by cell."""
    labels, classes = inputs.real.labels, inputs.real.classes
    if inputs.classifier:
        return modes_by_probability(_required("fake probabilities", inputs.fake.probabilities))
    if labels is not None and classes is not None:
        return modes_by_vote(inputs.real_features, labels, inputs.fake_features, len(classes))
    why = "the reference has no labels, nor the extractor its classes"
    text = f"modes are k-means cells ({why}); error bars take the cells as fixed"
    warnings.warn(text, GanevalWarning, 2)
    modes: Modes = inputs.value("fake_cells")
    return modes


def real_counts(inputs: MetricInputs) -> np.ndarray[Any, Any]:
    """The reference's points in each mode, assigned as the samples are where a classifier assigns them."""
    labels, classes = inputs.real.labels, inputs.real.classes
    if inputs.classifier:
        return modes_by_probability(_required("real probabilities", inputs.real.probabilities)).counts()
    if labels is not None and classes is not None:
        return torch.bincount(labels, minlength=len(classes)).cpu().numpy()
    counts: Tensor = inputs.value("real_cells").counts
    return counts.numpy()


def _from_store(
    inputs: MetricInputs,
    kind: str,
    compute: Callable[[], Moments | Neighbours | Cells],
    ranks: Ranks = ALONE,
    **parts: Any,
) -> dict[str, Tensor]:
    """The tensors of what depends on the reference alone: stored, or computed now by all of `ranks`."""

    def entry_of_result() -> Entry:
        tensors = {name: tensor for name, tensor in vars(compute()).items() if isinstance(tensor, Tensor)}
        return Entry(tensors, {"kind": kind})

    key = key_of(kind=kind, features=inputs.real.key, **parts) if inputs.real.key else None
    entry = load_or_compute(inputs.store, key, entry_of_result, ranks)
    return {name: tensor.to(inputs.real_features.device) for name, tensor in entry.tensors.items()}


def _required(name: str, value: Value | None) -> Value:
    if value is None:
        raise ValueError(f"{name}: found none, needed some")
    return value


INPUTS: dict[str, Callable[[MetricInputs], Any]] = {  # all that a metric family may need
    "real": real,
    "fake": lambda inputs: inputs.fake_features,
    "fake_replication": fake_replication,
    "fake_probabilities": lambda inputs: _required("fake probabilities", inputs.fake.probabilities),
    "real_moments": real_moments,
    "fake_moments": fake_moments,
    "overlap": shared_overlap,
    "real_counts": real_counts,
    "fake_modes": fake_modes,
    "real_cells": real_cells,
    "fake_cells": fake_cells,
    "centres": lambda inputs: _required("centres", inputs.real.centres),
    "sigma": lambda inputs: _required("sigma", inputs.real.sigma),
    "seed": lambda inputs: inputs.settings.seed,
    "tick": lambda inputs: inputs.tick,
}
