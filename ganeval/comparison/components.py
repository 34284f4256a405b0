"""Would training again change a score by as much? Its variance over training seeds, and over draws of samples.

The one-way model with random effects: y = mean + seed + draw, K seeds with J draws each. Training moves FID about three
times as much as drawing samples does ("The FID Lottery", arXiv:2606.20536). Intervals: chi-square for draws, Tukey and
Williams for seeds (Biometrika 49, 1962), with the harmonic mean of the J where they differ (Thomas and Hultquist
1978), F for the share. Needs no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, harmonic_mean, variance

CONFIDENCE = 0.95
POWER = 0.8  # of finding the smallest difference that can be resolved
Interval = tuple[float, float]


@dataclass(frozen=True)
class Components:
    """Variances of one score with their 95 % intervals: `training`, over seeds, and `drawing`, over draws of samples.

    `share` is the part of training in both. `mean` is that over seeds, `error` its standard error (Student's t with
    `seeds` - 1 degrees). `draws`: of a seed, the harmonic mean. `count`: how many samples a draw has.
    """

    mean: float
    error: float
    seeds: int
    draws: float
    count: int | None
    training: float
    training_interval: Interval
    drawing: float
    drawing_interval: Interval
    share: float
    share_interval: Interval

    def smallest_difference(self, seeds: int, draws: float = 1, count: int | None = None) -> float:
        """What two models must differ by for a two-sided test at 5 % to find it in 80 % of cases.

        Each of them trained with so many `seeds`, scored on so many `draws` of `count` samples (default: as here), and
        both as variable as this one. Infinite for a single seed, whose spread nobody knows.
        """
        scale = 1.0 if count is None or self.count is None else self.count / count
        return smallest_difference(self.training + self.drawing * scale / draws, seeds)


def components(values: Sequence[Sequence[float]], errors: Sequence[float] = (), count: int | None = None) -> Components:
    """The components of `values`, for each of two seeds or more its draws.

    Where no seed has two draws, the variance of drawing is that of the draws' own `errors`, one for each seed, and
    counts as known. Raises ValueError for fewer than two seeds, or for single draws without errors.

    >>> found = components([[1.0, 1.2], [2.0, 2.2], [3.0, 3.2]])
    >>> round(found.training, 3), round(found.drawing, 3), round(found.share, 3)
    (0.99, 0.02, 0.98)
    """
    from scipy.special import chdtri, fdtri  # takes a sixth of a second, for which other tables need not wait

    if len(values) < 2:
        raise ValueError(f"found {len(values)} seed, needed at least 2")
    means, draws = [fmean(seed) for seed in values], harmonic_mean([len(seed) for seed in values])
    of_seeds, rest = len(values) - 1, sum(len(seed) - 1 for seed in values)
    if rest:
        drawing = sum((len(seed) - 1) * variance(seed) for seed in values if len(seed) > 1) / rest
    elif errors:
        drawing = fmean(error**2 for error in errors)
    else:
        raise ValueError("found one draw of each seed and no errors of these, needed either")
    of_means = variance(means)
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2  # the upper tail's probability, for the lower bound first
    chi = [float(chdtri(of_seeds, tail)) / of_seeds for tail in tails]
    ratios = [float(fdtri(of_seeds, rest, 1 - tail)) for tail in tails] if rest else chi
    bounds = [max(0.0, of_means - drawing / draws * ratio) / own for ratio, own in zip(ratios, chi, strict=True)]
    shares = [_share(max(0.0, of_means / ratio - drawing / draws), drawing) for ratio in ratios]
    training = max(0.0, of_means - drawing / draws)
    spread = [rest * drawing / float(chdtri(rest, tail)) for tail in tails] if rest else [drawing, drawing]
    return Components(
        mean=fmean(means),
        error=math.sqrt(of_means / len(values)),
        seeds=len(values),
        draws=draws,
        count=count,
        training=training,
        training_interval=(bounds[0], bounds[1]),
        drawing=drawing,
        drawing_interval=(spread[0], spread[1]),
        share=_share(training, drawing),
        share_interval=(shares[0], shares[1]),
    )


def smallest_difference(variance_of_seed: float, seeds: int) -> float:
    """The difference of two means over `seeds` values of this variance that is found in 80 % of cases, at 5 %.

    >>> round(smallest_difference(1.0, 3), 2), round(smallest_difference(1.0, 10), 2), smallest_difference(1.0, 1)
    (3.07, 1.32, inf)
    """
    if seeds < 2:
        return math.inf
    from scipy.special import nctdtrinc, stdtrit

    degrees = 2 * (seeds - 1)
    shift = float(nctdtrinc(degrees, 1 - POWER, float(stdtrit(degrees, (1 + CONFIDENCE) / 2))))
    return shift * math.sqrt(2 * variance_of_seed / seeds)


def _share(training: float, drawing: float) -> float:
    """Of both together; 0 where neither varies."""
    total = training + drawing
    return training / total if total else 0.0
