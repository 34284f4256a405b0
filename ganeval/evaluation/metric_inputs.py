"""A reference and samples as the metrics see them, whatever they share prepared once."""

import warnings
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Entry, Store, key_of
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL
from ganeval.metrics.distances import Neighbours
from ganeval.metrics.estimate import check_rows
from ganeval.metrics.frechet_error import fid_change
from ganeval.metrics.modes import Cells, Modes, cells, modes_by_cell, modes_by_probability, modes_by_vote
from ganeval.metrics.moments import Moments, moments
from ganeval.metrics.neighbours import overlap, real_neighbours
from ganeval.metrics.overlap import Overlap
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.runtime.devices import precision_context


class MetricInputs:
    """A reference and samples, and whatever `INPUTS` needs of them: computed once, however many families share it.

    What depends on the reference alone is kept in the store.
    """

    def __init__(
        self,
        real_set: FeatureSet,
        fake_set: FeatureSet,
        *,
        seed: int = 2020,
        k_precision_recall: int = K_PRECISION_RECALL,
        k_density_coverage: int = K_DENSITY_COVERAGE,
        classifier: bool = False,
        store: Store | None = None,
        ranks: Ranks = ALONE,
        tick: Tick | None = None,
    ) -> None:
        self.real_set, self.fake_set, self.seed, self.tick = real_set, fake_set, seed, tick
        self.ranks = ranks
        self.k_precision_recall, self.k_density_coverage = k_precision_recall, k_density_coverage
        self.classifier, self.store = classifier, store or Store(None)

    @property
    def real(self) -> Tensor | Moments:
        features = self.real_set.features
        known = self.real_set.moments if features is None else features
        if known is None:
            raise ValueError("real: needs features or moments")
        return known

    @property
    def width(self) -> int:
        """The number of features of an image."""
        return self.fake.shape[1]

    @property
    def fake(self) -> Tensor:
        return _needed("fake", self.fake_set.features)

    @property
    def fake_probabilities(self) -> Tensor:
        return _needed("fake probabilities", self.fake_set.probabilities)

    @property
    def centres(self) -> Tensor:
        return _needed("centres", self.real_set.centres)

    @property
    def sigma(self) -> float:
        if self.real_set.sigma is None:
            raise ValueError("sigma: found a reference that is no mixture, needed one")
        return self.real_set.sigma

    @cached_property
    def real_moments(self) -> Moments | None:
        if self.real_set.features is None or self.real_set.moments is not None:
            return self.real_set.moments if self.real_set.features is not None else None
        real = self.real_set.features
        check_rows("real", real)

        def compute() -> dict[str, Tensor]:
            found = moments(real, self.ranks)
            return {"mean": found.mean, "covariance": found.covariance}

        kept = self._kept("moments", compute, self.ranks)
        return Moments(len(real), kept["mean"], kept["covariance"])

    @cached_property
    def fake_moments(self) -> Moments:
        check_rows("fake", self.fake)
        return self.fake_set.moments or moments(self.fake, self.ranks)

    @cached_property
    def overlap(self) -> Overlap:
        real, k, k_dense = self._real_features, self.k_precision_recall, self.k_density_coverage

        def compute() -> dict[str, Tensor]:
            found = real_neighbours(real, k, k_dense, self.ranks)
            return {"squares": found.squares, "indices": found.indices}

        kept = self._kept("neighbours", compute, self.ranks, k=k, k_dense=k_dense)
        known = Neighbours(kept["squares"], kept["indices"])
        return overlap(
            real,
            self.fake,
            k_precision_recall=k,
            k_density_coverage=k_dense,
            seed=self.seed,
            neighbours=known,
            ranks=self.ranks,
            tick=self.tick,
        )

    @cached_property
    def real_cells(self) -> Cells:
        real = self._real_features

        def compute() -> dict[str, Tensor]:
            found = cells(real, self.seed)
            return {"centres": found.centres, "counts": found.counts}

        kept = self._kept("cells", compute, ALONE, seed=self.seed)
        return Cells(kept["centres"].cpu(), kept["counts"].cpu())

    @cached_property
    def fake_cells(self) -> Modes:
        return modes_by_cell(self.real_cells, self.fake)

    @cached_property
    def fake_modes(self) -> Modes:
        """By the classifier if its classes are the reference's, else by vote of labelled references, else by cell."""
        side = self.real_set
        if self.classifier:
            return modes_by_probability(self.fake_probabilities)
        if side.labels is not None and side.classes is not None:
            return modes_by_vote(self._real_features, side.labels, self.fake, len(side.classes))
        text = "modes are k-means cells: the reference has no labels, nor the extractor its classes"
        warnings.warn(text, GanevalWarning, 2)
        return self.fake_cells

    @cached_property
    def real_counts(self) -> np.ndarray[Any, Any]:
        """The reference's points in each mode, assigned as the samples are where a classifier assigns them."""
        side = self.real_set
        if self.classifier:
            return modes_by_probability(_needed("real probabilities", side.probabilities)).counts()
        if side.labels is not None and side.classes is not None:
            return torch.bincount(side.labels, minlength=len(side.classes)).cpu().numpy()
        return self.real_cells.counts.numpy()

    def arguments(self, needs: Iterable[str]) -> dict[str, Any]:
        """The arguments of a family's function, by the names in its row."""
        return {need: INPUTS[need](self) for need in needs}

    def precision_effect(self) -> float | None:
        """How much higher FID is than in float32, where a few features of both sides are known in both."""
        real, fake, device = self.real_set.precision_sample, self.fake_set.precision_sample, self.fake.device
        if real is None or fake is None:
            return None
        pairs = [(side.own.to(device), side.float32.to(device)) for side in (real, fake)]
        with torch.no_grad(), precision_context("float32", device):
            return fid_change(self.real, self.fake, pairs[0], pairs[1], self.real_moments, self.fake_moments)

    @property
    def mode_names(self) -> list[str] | None:
        """The classes that modes are; None where they are cells, or modes of a mixture."""
        side = self.real_set
        classes = side.classes if self.classifier or side.labels is not None else None
        return None if classes is None or side.centres is not None else list(classes)

    @property
    def _real_features(self) -> Tensor:
        return _needed("real", self.real_set.features)

    def _kept(
        self, kind: str, compute: Callable[[], dict[str, Tensor]], ranks: Ranks, **parts: Any
    ) -> dict[str, Tensor]:
        """What was computed from the reference's features before, or is now by all of `ranks`, on their device."""
        key = key_of(kind=kind, features=self.real_set.key, **parts) if self.real_set.key else None
        entry = self.store.load(key, ranks)
        tensors = compute() if entry is None else entry.tensors
        if entry is None and ranks.rank == 0:
            self.store.save(key, Entry(tensors, {"kind": kind}))
        return {name: tensor.to(self._real_features.device) for name, tensor in tensors.items()}


def _needed(name: str, tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ValueError(f"{name}: found none of them, needed some")
    return tensor


INPUTS: dict[str, Callable[[MetricInputs], Any]] = {  # all that a metric family may need
    "real": lambda inputs: inputs.real,
    "fake": lambda inputs: inputs.fake,
    "fake_probabilities": lambda inputs: inputs.fake_probabilities,
    "real_moments": lambda inputs: inputs.real_moments,
    "fake_moments": lambda inputs: inputs.fake_moments,
    "overlap": lambda inputs: inputs.overlap,
    "real_counts": lambda inputs: inputs.real_counts,
    "fake_modes": lambda inputs: inputs.fake_modes,
    "real_cells": lambda inputs: inputs.real_cells,
    "fake_cells": lambda inputs: inputs.fake_cells,
    "centres": lambda inputs: inputs.centres,
    "sigma": lambda inputs: inputs.sigma,
    "seed": lambda inputs: inputs.seed,
    "ranks": lambda inputs: inputs.ranks,
    "tick": lambda inputs: inputs.tick,
}
