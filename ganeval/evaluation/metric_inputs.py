"""A reference and samples as the metrics see them, whatever they share prepared once."""

import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Entry, Store, key_of
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


class Pair:
    """A reference and samples: each property is one argument of a metric family, prepared when first asked for.

    What depends on the reference alone is kept in the store.
    """

    def __init__(
        self,
        real_side: FeatureSet,
        fake_side: FeatureSet,
        *,
        seed: int = 2020,
        k_precision_recall: int = 3,
        k_density_coverage: int = 5,
        classifier: bool = False,
        store: Store | None = None,
        ranks: Ranks = ALONE,
        tick: Tick | None = None,
    ) -> None:
        self.real_side, self.fake_side, self.seed, self.tick = real_side, fake_side, seed, tick
        self.ranks = ranks
        self.k_precision_recall, self.k_density_coverage = k_precision_recall, k_density_coverage
        self.classifier, self.store = classifier, store or Store(None)

    @property
    def real(self) -> Tensor | Moments:
        features = self.real_side.features
        known = self.real_side.moments if features is None else features
        if known is None:
            raise ValueError("real: needs features or moments")
        return known

    @property
    def width(self) -> int:
        """How many features a picture has."""
        return self.fake.shape[1]

    @property
    def fake(self) -> Tensor:
        return _needed("fake", self.fake_side.features)

    @property
    def fake_probabilities(self) -> Tensor:
        return _needed("fake probabilities", self.fake_side.probabilities)

    @property
    def centres(self) -> Tensor:
        return _needed("centres", self.real_side.centres)

    @property
    def sigma(self) -> float:
        if self.real_side.sigma is None:
            raise ValueError("sigma: not there")
        return self.real_side.sigma

    @cached_property
    def real_moments(self) -> Moments | None:
        if self.real_side.features is None or self.real_side.moments is not None:
            return self.real_side.moments if self.real_side.features is not None else None
        real = self.real_side.features
        check_rows("real", real)

        def compute() -> dict[str, Tensor]:
            found = moments(real, self.ranks)
            return {"mean": found.mean, "covariance": found.covariance}

        kept = self._kept("moments", compute, self.ranks)
        return Moments(len(real), kept["mean"], kept["covariance"])

    @cached_property
    def fake_moments(self) -> Moments:
        check_rows("fake", self.fake)
        return self.fake_side.moments or moments(self.fake, self.ranks)

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
        side = self.real_side
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
        side = self.real_side
        if self.classifier:
            return modes_by_probability(_needed("real probabilities", side.probabilities)).counts()
        if side.labels is not None and side.classes is not None:
            return torch.bincount(side.labels, minlength=len(side.classes)).cpu().numpy()
        return self.real_cells.counts.numpy()

    def precision_effect(self) -> float | None:
        """How much higher FID is than in float32, where a few features of both sides are known in both."""
        real, fake, device = self.real_side.precision_sample, self.fake_side.precision_sample, self.fake.device
        if real is None or fake is None:
            return None
        pairs = [(side.own.to(device), side.float32.to(device)) for side in (real, fake)]
        with torch.no_grad(), precision_context("float32", device):
            return fid_change(self.real, self.fake, pairs[0], pairs[1], self.real_moments, self.fake_moments)

    @property
    def mode_names(self) -> list[str] | None:
        """The classes that modes are; None where they are cells, or modes of a mixture."""
        side = self.real_side
        classes = side.classes if self.classifier or side.labels is not None else None
        return None if classes is None or side.centres is not None else list(classes)

    @property
    def _real_features(self) -> Tensor:
        return _needed("real", self.real_side.features)

    def _kept(
        self, kind: str, compute: Callable[[], dict[str, Tensor]], ranks: Ranks, **parts: Any
    ) -> dict[str, Tensor]:
        """What was computed from the reference's features before, or is now by all of `ranks`, on their device."""
        key = key_of(kind=kind, features=self.real_side.key, **parts) if self.real_side.key else None
        entry = self.store.load(key, ranks)
        tensors = compute() if entry is None else entry.tensors
        if entry is None and ranks.rank == 0:
            self.store.save(key, Entry(tensors, {"kind": kind}))
        return {name: tensor.to(self._real_features.device) for name, tensor in tensors.items()}


def _needed(name: str, tensor: Tensor | None) -> Tensor:
    if tensor is None:
        raise ValueError(f"{name}: not there")
    return tensor
