"""What `calibration.py` measures: every case by its name, in the order of docs/calibration.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from populations import (
    GRID,
    RING,
    Copies,
    Memorised,
    Pool,
    Population,
    around,
    even,
    filled,
    gaussian,
    heavy,
    mixture,
    outlier,
    relu,
    softmax,
    uneven,
)
from real_features import pool


class Draws(NamedTuple):
    """How many draws of both sets; and how many references, each with so many draws of samples."""

    of_both: int
    references: int
    of_samples: int


USUAL, FEWER = Draws(100, 6, 16), Draws(60, 4, 15)  # fewer of cases that take long or say enough


@dataclass(frozen=True)
class Pairing:
    """Two populations and how many of each are drawn; `classifier`: probabilities are of the reference's classes."""

    real: Population
    fake: Population
    samples: int
    reference: int
    families: tuple[str, ...]
    classifier: bool = False
    draws: Draws = USUAL


FEATURES = ("fid", "kid", "pr", "dc")
ALL = ("fid", "fid-infinity", "kid", "pr", "dc", "modes")
WITH_INFINITY = ("fid", "fid-infinity", "kid", "pr", "dc")
CLASSES = ("fid", "is", "kid", "pr", "dc", "modes")


def cases(folder: Path, data_root: str | None) -> dict[str, Callable[[], Pairing]]:
    """Every case by its name, in the order of the page; real features are read, or made, when their case comes."""

    def images(name: str, classes: range = range(10)) -> Population:
        return Pool(pool(name, folder, data_root), classes)

    def real(name: str, families: tuple[str, ...], count: int, classes: range = range(10)) -> Pairing:
        whole = images(name)
        fakes = whole if len(classes) == 10 else images(name, classes)
        return Pairing(whole, fakes, count, count, families, classifier=name == "mnist", draws=FEWER)

    tenth = [0.01, 0.012, 0.008, *[0.97 / 7] * 7]
    return {
        "Gaussians of 16, equal": lambda: Pairing(gaussian(16), gaussian(16), 400, 400, ALL),
        "Gaussians of 16, different": lambda: Pairing(gaussian(16), gaussian(16, 0.1, 1.1), 400, 400, ALL),
        "even Gaussians of 8, equal": lambda: Pairing(even(8), even(8), 300, 300, FEATURES),
        "even Gaussians of 64, different": lambda: Pairing(even(64), even(64, 0.1, 1.1), 300, 300, FEATURES),
        "Gaussians of 64, equal": lambda: Pairing(gaussian(64), gaussian(64), 300, 300, WITH_INFINITY),
        "Gaussians of 64, different": lambda: Pairing(gaussian(64), gaussian(64, 0.1, 1.1), 300, 300, WITH_INFINITY),
        "Gaussians of 64, different, a large reference": lambda: Pairing(
            gaussian(64), gaussian(64, 0.1, 1.1), 300, 1200, ("fid", "pr", "dc")
        ),
        "Gaussians of 64, equal, many": lambda: Pairing(
            gaussian(64), gaussian(64), 2000, 2000, ("fid", "fid-infinity")
        ),
        "Gaussians of 64, different, many": lambda: Pairing(
            gaussian(64), gaussian(64, 0.1, 1.1), 2000, 2000, ("fid", "fid-infinity")
        ),
        "Gaussians of 256, equal, N < D": lambda: Pairing(gaussian(256), gaussian(256), 200, 200, FEATURES),
        "Gaussians of 256, different, N < D": lambda: Pairing(
            gaussian(256), gaussian(256, 0.1, 1.1), 200, 200, FEATURES
        ),
        "mixtures of 64, equal": lambda: Pairing(mixture(64), mixture(64), 300, 300, FEATURES),
        "mixtures of 64, different": lambda: Pairing(mixture(64), mixture(64, 0.1, 1.1), 300, 300, FEATURES),
        "heavy tails of 32, equal": lambda: Pairing(heavy(32), heavy(32), 300, 300, FEATURES),
        "heavy tails of 32, different": lambda: Pairing(heavy(32), heavy(32, 0.1, 1.1), 300, 300, FEATURES),
        "relu-Gaussians of 64, equal": lambda: Pairing(relu(64), relu(64), 300, 300, FEATURES),
        "relu-Gaussians of 64, different": lambda: Pairing(relu(64), relu(64, 0.1, 1.1), 300, 300, FEATURES),
        "MNIST by the digits classifier, equal": lambda: real("mnist", CLASSES, 300),
        "MNIST by the digits classifier, three dropped": lambda: real("mnist", CLASSES, 300, range(7)),
        "CIFAR-10 by EfficientNet, equal, N < D": lambda: real("cifar10", FEATURES, 300),
        "CIFAR-10 by EfficientNet, three classes dropped, N < D": lambda: real("cifar10", FEATURES, 300, range(7)),
        "CIFAR-10 by EfficientNet, equal, 600": lambda: real("cifar10", ("fid", "is"), 600, draws=FEWER),
        "10 classes, blurred": lambda: Pairing(softmax(10, 3), softmax(10, 3), 200, 200, ("is",)),
        "10 classes, unevenly filled": lambda: Pairing(softmax(10, 5, 10), softmax(10, 5, 10), 1000, 200, ("is",)),
        "10 classes, sharp": lambda: Pairing(softmax(10, 30), softmax(10, 30), 1000, 200, ("is",)),
        "100 classes, 20 images a split": lambda: Pairing(softmax(100, 4), softmax(100, 4), 200, 200, ("is",)),
        "10 modes, equal": lambda: modes([0.1] * 10, [0.1] * 10, 500),
        "10 modes, three at a tenth of their share": lambda: modes([0.1] * 10, tenth, 500),
        "10 modes, three dropped": lambda: modes([0.1] * 10, [0.0] * 3 + [1 / 7] * 7, 500),
        "1,000 modes, equal": lambda: modes([1e-3] * 1000, [1e-3] * 1000, 1300),
        "1,000 modes, unevenly filled": lambda: modes([1e-3] * 1000, uneven(1000, 1.5), 1300),
        "ring of 8, equal": lambda: around_centres(RING, 0.01, [1.0] * 8, 500),
        "ring of 8, three modes rare": lambda: around_centres(RING, 0.01, [0.002, 0.01, 0.0125, *[1.0] * 5], 500),
        "grid of 25, wide and uneven": lambda: around_centres(GRID, 0.05, uneven(25, 2.0), 500, 2.0),
        "grid of 25, all of high quality": lambda: around_centres(GRID, 0.05, [1.0] * 25, 500, 0.1),
        "copies: each sample four times": lambda: Pairing(
            gaussian(16), Copies(gaussian(16, 0.1, 1.1), 4), 200, 200, WITH_INFINITY, draws=FEWER
        ),
        "copies: each of both sets twice": lambda: Pairing(
            Copies(gaussian(16), 2), Copies(gaussian(16), 2), 200, 200, WITH_INFINITY, draws=FEWER
        ),
        "copies: each of 10 classes four times": lambda: Pairing(
            softmax(10, 3), Copies(softmax(10, 3), 4), 1000, 200, ("is", "modes"), classifier=True, draws=FEWER
        ),
        "samples too narrow: precision near 1": lambda: Pairing(
            even(8), even(8, 0, 0.5), 200, 200, FEATURES, draws=FEWER
        ),
        "samples far off: all near 0": lambda: Pairing(even(8), even(8, 4.0), 200, 200, FEATURES, draws=FEWER),
        "one far outlier in 500": lambda: Pairing(outlier(8, 6.0), even(8, 1.5), 200, 200, FEATURES, draws=FEWER),
        "half of the samples copied from the reference": lambda: Pairing(
            even(16), Memorised(even(16), 0.5), 200, 200, FEATURES, draws=FEWER
        ),
        "few points": lambda: Pairing(even(4), even(4, 0.3), 40, 40, FEATURES, draws=FEWER),
    }


def modes(reference: Sequence[float], samples: Sequence[float], count: int) -> Pairing:
    return Pairing(filled(reference), filled(samples), count, 2 * count, ("modes",), classifier=True, draws=FEWER)


def around_centres(
    centres: torch.Tensor, sigma: float, shares: Sequence[float], count: int, wider: float = 1.0
) -> Pairing:
    even_shares = [1.0] * len(centres)
    fakes = around(centres, sigma, shares, wider)
    return Pairing(around(centres, sigma, even_shares), fakes, count, count, ("mixture",))
