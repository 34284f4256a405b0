"""What each score means and when it lies, short: `docs/metrics.md` has all of it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Scores that are read together: their names in reports, a term, what it is, when it lies, and its source."""

    names: tuple[str, ...]
    term: str
    means: str
    lies: str
    source: str = ""


ENTRIES = (
    Entry(
        ("fid", "fid_infinity", "fid_last", "fid_raw", "fid_last_raw"),
        "FID (Fréchet distance)",
        "The distance between two Gaussians, one fitted to the features of the samples and one to those of the "
        "reference. Only Inception's is FID, bare; with another network the heading says whose it is. FID∞ is "
        "extrapolated to infinitely many images.",
        "It is biased upwards where images are few: compare equal counts only. It sees Gaussians only, and it is moved "
        "by JPEG compression and by the resize before the network.",
        "Heusel et al. 2017",
    ),
    Entry(
        ("inception_score",),
        "IS (Inception Score)",
        "High when each picture is clearly of one class and all classes are there.",
        "It never looks at the reference: memorised pictures, or one perfect picture of each class, score the maximum.",
        "Salimans et al. 2016",
    ),
    Entry(
        ("kid",),
        "KID (kernel distance)",
        "The squared distance (MMD) of the two sets of features under a cubic kernel.",
        "It is unbiased, so equal sets score around 0 and sometimes below: that is no error. Papers print it × 100 or "
        "× 1,000; here it is as it is.",
        "Bińkowski et al. 2018",
    ),
    Entry(
        ("precision", "recall"),
        "Precision and recall",
        "Precision: the share of samples that lie among the real pictures. Recall: the share of real pictures that lie "
        "among the samples. The first is about quality, the second about variety.",
        "Both depend on how many pictures there are of either set. Outliers among the real pictures inflate precision.",
        "Kynkäänniemi et al. 2019",
    ),
    Entry(
        ("density", "coverage"),
        "Density and coverage",
        "Density: how crowded the real pictures are around a sample; 1 for real data. Coverage: the share of real "
        "pictures that have a sample near them.",
        "Both depend on the counts too. Density is inflated by outliers among the real pictures, and may exceed 1.",
        "Naeem et al. 2020",
    ),
    Entry(
        ("modes_covered", "modes_hit", "modes_kl", "modes_js", "modes_high_confidence"),
        "Modes",
        "Covered: classes that get at least a tenth of their share. Hit: classes with one sample. KL and JS: how far "
        "the shares are from the reference's, in nats.",
        "Ten of ten modes say nothing about variety inside a mode: read recall beside it.",
        "Che et al. 2017",
    ),
    Entry(
        ("ndb", "ndb_js"),
        "NDB/K",
        "Of cells cut around the reference, the share that the samples fill differently.",
        "The cells fit the reference, so even equal sets differ in more than 5 % of them: compare with real data.",
        "Richardson & Weiss 2018",
    ),
    Entry(
        ("modes_captured", "modes_captured_tenth", "high_quality", "reverse_kl"),
        "Modes with known centres",
        "For points: how many centres have a sample within three standard deviations, the share of samples that are "
        "within that, and how evenly they fall on the centres.",
        "It says nothing of the shape inside a mode: a generator that emits the bare centres scores best of all. Real "
        "data have 98.9 % high quality.",
        "Srivastava et al. 2017; Lin et al. 2018",
    ),
    Entry(
        ("label_accuracy", "gan_train", "gan_train_real", "intra_class_recall"),
        "Class-conditional scores",
        "Label accuracy: a classifier of real pictures names the class that was asked for. GAN-train: one trained on "
        "samples names real pictures rightly. Intra-class recall: the mean of recall within each class.",
        "The first stays perfect while every class collapses to one picture; intra-class recall does not.",
        "Shmelkov et al. 2018",
    ),
    Entry(
        ("cycle_l1", "labels_kept", "psnr", "psnr_nothing", "fid_nothing", "fid_real"),
        "Translation",
        "Cycle L1: how much changes there and back. Labels kept: a translation is still of its class. PSNR: closeness "
        "to the hidden truth; beside it what leaving the picture as it is would reach.",
        "A translator that does nothing has a perfect cycle: read it beside FID.",
        "Zhu et al. 2017",
    ),
    Entry(
        ("human_error_rate",),
        "Human error rate",
        "How often people take a sample for real, or a real picture for a sample: 50 % is chance.",
        "It depends on who looked, at what size and for how long; people differ more than its interval shows.",
        "Zhou et al. 2019",
    ),
)


def entries_for(names: Iterable[str]) -> list[Entry]:
    """The entries of the scores that a page shows.

    >>> [entry.term for entry in entries_for(["recall", "kid"])]
    ['KID (kernel distance)', 'Precision and recall']
    """
    shown = set(names)
    return [entry for entry in ENTRIES if shown & set(entry.names)]
