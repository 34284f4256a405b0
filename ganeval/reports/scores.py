"""`FAMILIES`: one row a metric family, with everything that is known of its scores. Imports no torch.

A family is what one function computes together: precision and recall, say. Its row names that function, the inputs that
it needs, the paper, when its scores mislead, and one `ScoreRow` for each score. Whatever a user reads about a score
comes from here: the headings of tables, `ganeval list metrics`, the help of `--metrics`, the glossary of the page, the
tables of docs/metrics.md, the smallest number of samples. To add a metric, write its file in `ganeval/metrics/` and its
row here. Families without a function hold the scores of trained models and of people, which no `--metrics` asks for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from math import inf, log
from typing import Any

from ganeval.metrics import K_DENSITY_COVERAGE

ARROWS = {"lower": "↓", "higher": "↑"}


@dataclass(frozen=True)
class ScoreRow:
    """One score: its title in tables, the better direction, its range, what it means, what its error bar is from."""

    title: str
    better: str
    range: tuple[float, float]
    means: str
    error_bar: str = ""
    headline: bool = False


@dataclass(frozen=True)
class MetricFamily:
    """Scores that are computed and read together.

    `misleads`: how they do; `function`: "module:function" in `ganeval.metrics`; `needs`: the arguments that it takes,
    which `ganeval.evaluation.metric_inputs` prepares; `fewest`: the smallest number of samples, in terms of k and D;
    `default`: whether it is computed unless `--metrics` says otherwise.
    """

    term: str
    source: str
    misleads: str
    scores: Mapping[str, ScoreRow]
    function: str = ""
    needs: tuple[str, ...] = ()
    fewest: str = "2"
    default: bool = True
    condition: str = ""

    def load(self) -> Callable[..., dict[str, Any]]:
        """The function itself; torch is imported for it."""
        module, _, name = self.function.partition(":")
        function: Callable[..., dict[str, Any]] = getattr(import_module(f"ganeval.metrics.{module}"), name)
        return function

    def fewest_samples(self, *, k: int = K_DENSITY_COVERAGE, width: int = 2048) -> int:
        """The number of samples below which the family has no meaning; `k`: the larger of both k, `width`: D.

        >>> FAMILIES["pr"].fewest_samples(), FAMILIES["fid-infinity"].fewest_samples(width=64)
        (7, 66)
        """
        symbol, _, number = self.fewest.rpartition(" + ")
        return int(number) + {"": 0, "k": k, "D": width}[symbol]


SHARE = (0.0, 1.0)
POSITIVE = (0.0, inf)

FAMILIES: dict[str, MetricFamily] = {
    "fid": MetricFamily(
        term="FID (Fréchet distance)",
        source="Heusel et al. 2017, arXiv:1706.08500",
        misleads="It is biased upwards where images are few: compare equal counts only. It sees Gaussians only, and "
        "JPEG compression and the resize before the network change it.",
        function="frechet:fid",
        needs=("real", "fake", "real_moments", "fake_moments"),
        scores={
            "fid": ScoreRow(
                "FID",
                "lower",
                POSITIVE,
                "the distance between two Gaussians, one fitted to the features of the samples and one to those of the "
                "reference. Only Inception's is called FID alone; with another network the heading names the network.",
                "delta method",
                headline=True,
            ),
        },
    ),
    "fid-infinity": MetricFamily(
        term="FID∞ (extrapolated FID)",
        source="Chong & Forsyth 2020, arXiv:1911.07023",
        misleads="The fit is a straight line in 1/N: it needs many more images than features.",
        function="extrapolation:fid_infinity",
        needs=("real", "fake", "seed", "tick"),
        fewest="D + 2",
        default=False,
        condition="only when asked for",
        scores={
            "fid_infinity": ScoreRow(
                "FID∞",
                "lower",
                POSITIVE,
                "FID extrapolated to infinitely many images of both sets.",
                "delta method",
                headline=True,
            ),
        },
    ),
    "is": MetricFamily(
        term="IS (Inception Score)",
        source="Salimans et al. 2016, arXiv:1606.03498",
        misleads="It never looks at the reference: memorised images, or one perfect image a class, score the maximum.",
        function="inception_score:inception_score",
        needs=("fake_probabilities", "seed", "fake_replication"),
        scores={
            "inception_score": ScoreRow(
                "IS",
                "higher",
                (1.0, inf),
                "high when each image is clearly of one class and all classes occur; at most the number of classes.",
                "delta method",
                headline=True,
            ),
        },
    ),
    "kid": MetricFamily(
        term="KID (kernel distance)",
        source="Bińkowski et al. 2018, arXiv:1801.01401",
        misleads="It is unbiased, so equal sets score around 0 and sometimes below: that is no error. Papers print it "
        "× 100 or × 1,000; here it is as it is.",
        function="kernel:kid",
        needs=("real", "fake", "seed", "tick"),
        fewest="3",
        scores={
            "kid": ScoreRow(
                "KID",
                "lower",
                (-inf, inf),
                "the squared distance (MMD) between the two sets of features under a cubic kernel.",
                "variance of the U-statistic",
                headline=True,
            ),
        },
    ),
    "pr": MetricFamily(
        term="Precision and recall",
        source="Kynkäänniemi et al. 2019, arXiv:1904.06991",
        misleads="Both depend on how many images each set has. Outliers among the real images inflate precision.",
        function="neighbours:precision_recall",
        needs=("overlap",),
        fewest="k + 2",
        scores={
            "precision": ScoreRow(
                "precision",
                "higher",
                SHARE,
                "the share of samples that lie among the real images; it is about quality.",
                "random groups",
                headline=True,
            ),
            "recall": ScoreRow(
                "recall",
                "higher",
                SHARE,
                "the share of real images that lie among the samples; it is about variety.",
                "random groups",
                headline=True,
            ),
        },
    ),
    "dc": MetricFamily(
        term="Density and coverage",
        source="Naeem et al. 2020, arXiv:2002.09797",
        misleads="Both depend on the counts too. Outliers among the real images inflate density, which may exceed 1.",
        function="neighbours:density_coverage",
        needs=("overlap",),
        fewest="k + 2",
        scores={
            "density": ScoreRow(
                "density",
                "higher",
                POSITIVE,
                "how crowded the real images are around a sample; 1 for real data.",
                "random groups",
                headline=True,
            ),
            "coverage": ScoreRow(
                "coverage",
                "higher",
                SHARE,
                "the share of real images that have a sample near them.",
                "random groups",
                headline=True,
            ),
        },
    ),
    "modes": MetricFamily(
        term="Modes",
        source="Che et al. 2017, arXiv:1612.02136; NDB: Richardson & Weiss 2018, arXiv:1805.12462",
        misleads="Ten of ten modes say nothing about variety inside a mode: read recall beside it. The cells of NDB "
        "fit the reference, so even equal sets differ in more than 5 % of them: compare with real data.",
        function="modes:mode_coverage",
        needs=("real_counts", "fake_modes", "real_cells", "fake_cells"),
        fewest="5",
        scores={
            "modes_covered": ScoreRow(
                "modes covered",
                "higher",
                POSITIVE,
                "modes (classes) with at least a tenth of their share in the reference.",
                "Poisson-binomial",
                headline=True,
            ),
            "modes_hit": ScoreRow(
                "modes hit", "higher", POSITIVE, "modes with at least one sample.", "Poisson-binomial"
            ),
            "modes_kl": ScoreRow(
                "modes KL",
                "lower",
                POSITIVE,
                "the divergence of the shares from the reference's, in nats.",
                "delta method",
                headline=True,
            ),
            "modes_js": ScoreRow(
                "modes JS", "lower", (0.0, log(2)), "the Jensen–Shannon divergence of shares, in nats.", "delta method"
            ),
            "modes_high_confidence": ScoreRow(
                "high confidence", "higher", SHARE, "the share of samples classified with p ≥ 0.9.", "binomial"
            ),
            "ndb": ScoreRow(
                "NDB/K",
                "lower",
                SHARE,
                "the share of k-means cells that the samples fill differently.",
                "Poisson-binomial",
            ),
            "ndb_js": ScoreRow(
                "NDB JS", "lower", (0.0, log(2)), "the Jensen–Shannon divergence over cells, in nats.", "delta method"
            ),
        },
    ),
    "mixture": MetricFamily(
        term="Modes with known centres",
        source="Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2018, arXiv:1712.04086",
        misleads="It says nothing of the shape inside a mode: a generator that emits the bare centres scores best of "
        "all. Real data have 98.9 % high quality.",
        function="mixture:mixture_coverage",
        needs=("fake", "centres", "sigma", "real"),
        fewest="1",
        default=False,
        condition="for ring8 and grid25",
        scores={
            "modes_captured": ScoreRow(
                "modes captured",
                "higher",
                POSITIVE,
                "centres with a sample within 3 standard deviations.",
                "Poisson-binomial",
                headline=True,
            ),
            "modes_captured_tenth": ScoreRow(
                "captured to a tenth",
                "higher",
                POSITIVE,
                "centres with at least a tenth of their share of samples.",
                "Poisson-binomial",
            ),
            "high_quality": ScoreRow(
                "high quality",
                "higher",
                SHARE,
                "the share of samples within 3 standard deviations of a centre.",
                "binomial",
                headline=True,
            ),
            "reverse_kl": ScoreRow(
                "reverse KL",
                "lower",
                POSITIVE,
                "how unevenly the samples fall on the centres, in nats.",
                "delta method",
                headline=True,
            ),
        },
    ),
    "checkpoints": MetricFamily(
        term="FID of other checkpoints",
        source="Heusel et al. 2017, arXiv:1706.08500",
        misleads="As FID. The best checkpoint is chosen on the selection split, which is not the one that is reported.",
        default=False,
        condition="for all trained models",
        scores={
            "fid_last": ScoreRow(
                "FID, last checkpoint", "lower", POSITIVE, "FID of the last checkpoint.", "delta method"
            ),
            "fid_raw": ScoreRow(
                "FID, raw weights", "lower", POSITIVE, "FID of the weights themselves, not averaged.", "delta method"
            ),
            "fid_last_raw": ScoreRow(
                "FID, last and raw", "lower", POSITIVE, "FID of the last checkpoint, not averaged.", "delta method"
            ),
        },
    ),
    "conditional": MetricFamily(
        term="Class-conditional scores",
        source="Shmelkov et al. 2018, arXiv:1807.09499; Ravuri & Vinyals 2019, arXiv:1905.10887",
        misleads="Label accuracy stays perfect while every class collapses to one image; intra-class recall does not.",
        default=False,
        condition="for conditional models",
        scores={
            "label_accuracy": ScoreRow(
                "label accuracy",
                "higher",
                SHARE,
                "how often a classifier of real images names the class that was asked for.",
                "binomial",
            ),
            "intra_class_recall": ScoreRow(
                "intra-class recall", "higher", SHARE, "the mean of recall within each class."
            ),
            "gan_train": ScoreRow(
                "GAN-train", "higher", SHARE, "accuracy on real images of a classifier trained on samples.", "binomial"
            ),
            "gan_train_real": ScoreRow(
                "GAN-train, real data", "higher", SHARE, "the same of a classifier trained on real images.", "binomial"
            ),
        },
    ),
    "translation": MetricFamily(
        term="Translation",
        source="Zhu et al. 2017, arXiv:1703.10593",
        misleads="A translator that does nothing has a perfect cycle: read it beside FID.",
        default=False,
        condition="for models that translate",
        scores={
            "fid_real": ScoreRow(
                "FID, real data", "lower", POSITIVE, "FID of real training images of the target domain.", "delta method"
            ),
            "fid_nothing": ScoreRow(
                "FID, doing nothing", "lower", POSITIVE, "FID of the images before their translation.", "delta method"
            ),
            "cycle_l1": ScoreRow(
                "cycle L1",
                "lower",
                SHARE,
                "the mean absolute difference, of 0 … 1, between an image and its way there and back.",
                "spread over images",
            ),
            "labels_kept": ScoreRow(
                "labels kept", "higher", SHARE, "how often a translation is still of its class.", "binomial"
            ),
            "psnr": ScoreRow(
                "PSNR dB", "higher", POSITIVE, "closeness to the hidden truth, in dB.", "spread over images"
            ),
            "psnr_nothing": ScoreRow(
                "PSNR dB, nothing",
                "higher",
                POSITIVE,
                "PSNR of the images before their translation.",
                "spread over images",
            ),
        },
    ),
    "human": MetricFamily(
        term="Human error rate",
        source="Zhou et al. 2019, arXiv:1904.01121",
        misleads="It depends on who looked, at what size and for how long; people differ more than its interval shows.",
        default=False,
        condition="from `ganeval human`",
        scores={
            "human_error_rate": ScoreRow(
                "human error rate",
                "higher",
                SHARE,
                "how often people take a sample for real, or a real image for a sample: 50 % is chance.",
                "Wilson interval",
                headline=True,
            ),
        },
    ),
}
METRICS = {name: family for name, family in FAMILIES.items() if family.function}  # what `--metrics` may name
SCORES = {name: score for family in FAMILIES.values() for name, score in family.scores.items()}
HEADLINES = tuple(name for name, score in SCORES.items() if score.headline)
TITLES = {name: score.title for name, score in SCORES.items()}
