"""The metrics: pure functions on tensors of features, on any device. They import nothing else of ganeval.

`METRICS` is the whole list. A family is chosen by its key (`--metrics fid,kid`) and gives one or more scores.
`needs` names the arguments of its function: the caller prepares each of them once, however many families share it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, log

from ganeval.metrics.estimate import Estimate
from ganeval.metrics.extrapolation import fid_infinity
from ganeval.metrics.frechet import fid
from ganeval.metrics.inception_score import inception_score
from ganeval.metrics.kernel import kid
from ganeval.metrics.mixture import mixture_coverage
from ganeval.metrics.modes import mode_coverage
from ganeval.metrics.neighbours import density_coverage, precision_recall


@dataclass(frozen=True)
class Family:
    """One row: a function, the arguments it needs, its scores with the better direction, their range, whom to cite."""

    function: Callable[..., dict[str, Estimate]]
    needs: tuple[str, ...]
    scores: Mapping[str, str]  # name -> "lower" | "higher"
    ranges: Mapping[str, tuple[float, float]]
    cite: str
    default: bool = True


def fewest(family: str, *, k: int = 5, width: int = 2048) -> int:
    """The number of pictures below which a family has no meaning; `k` the larger of both k, `width` of the features.

    >>> fewest("pr"), fewest("fid-infinity", width=64)
    (7, 66)
    """
    least = {"kid": 3, "pr": k + 2, "dc": k + 2, "modes": 5, "fid-infinity": width + 2, "mixture": 1}
    return least.get(family, 2)


METRICS: dict[str, Family] = {
    "fid": Family(
        fid,
        ("real", "fake", "real_moments", "fake_moments"),
        {"fid": "lower"},
        {"fid": (0, inf)},
        "Heusel et al. 2017, arXiv:1706.08500",
    ),
    "fid-infinity": Family(
        fid_infinity,
        ("real", "fake", "seed", "tick"),
        {"fid_infinity": "lower"},
        {"fid_infinity": (0, inf)},
        "Chong & Forsyth 2020, arXiv:1911.07023",
        default=False,
    ),
    "is": Family(
        inception_score,
        ("fake_probabilities", "seed"),
        {"inception_score": "higher"},
        {"inception_score": (1, inf)},
        "Salimans et al. 2016, arXiv:1606.03498",
    ),
    "kid": Family(
        kid,
        ("real", "fake", "seed", "ranks", "tick"),
        {"kid": "lower"},
        {"kid": (-inf, inf)},
        "Bińkowski et al. 2018, arXiv:1801.01401",
    ),
    "pr": Family(
        precision_recall,
        ("overlap",),
        {"precision": "higher", "recall": "higher"},
        {"precision": (0, 1), "recall": (0, 1)},
        "Kynkäänniemi et al. 2019, arXiv:1904.06991",
    ),
    "dc": Family(
        density_coverage,
        ("overlap",),
        {"density": "higher", "coverage": "higher"},
        {"density": (0, inf), "coverage": (0, 1)},
        "Naeem et al. 2020, arXiv:2002.09797",
    ),
    "modes": Family(
        mode_coverage,
        ("real_counts", "fake_modes", "real_cells", "fake_cells"),
        {
            "modes_covered": "higher",
            "modes_hit": "higher",
            "modes_kl": "lower",
            "modes_js": "lower",
            "modes_high_confidence": "higher",
            "ndb": "lower",
            "ndb_js": "lower",
        },
        {
            "modes_covered": (0, inf),
            "modes_hit": (0, inf),
            "modes_kl": (0, inf),
            "modes_js": (0, log(2)),
            "modes_high_confidence": (0, 1),
            "ndb": (0, 1),
            "ndb_js": (0, log(2)),
        },
        "Che et al. 2017, arXiv:1612.02136; Richardson & Weiss 2018, arXiv:1805.12462",
    ),
    "mixture": Family(
        mixture_coverage,
        ("fake", "centres", "sigma", "real"),
        {
            "modes_captured": "higher",
            "modes_captured_tenth": "higher",
            "high_quality": "higher",
            "reverse_kl": "lower",
        },
        {
            "modes_captured": (0, inf),
            "modes_captured_tenth": (0, inf),
            "high_quality": (0, 1),
            "reverse_kl": (0, inf),
        },
        "Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018, arXiv:1712.04086",
        default=False,
    ),
}
