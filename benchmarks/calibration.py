"""Are the error bars right? Each score's stated error against what new draws of both sets really do, and the gate's
false alarms and power.

    python benchmarks/calibration.py                      half an hour on one core
    python benchmarks/calibration.py --only "copies*"     the cases of these names; * stands for anything
    python benchmarks/calibration.py --write              also calibration.json, case by case, and docs/calibration.md
    python benchmarks/calibration.py --quick              too few draws to say anything: only to see that it runs

With --write a case that calibration.json has is not measured again unless --only names it: a run that was stopped goes
on. Real features are made once, in the folder --pools (`real_features.py`). Everything is drawn by fixed seeds.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import HERE, machine
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

from ganeval.evaluation.families import score_families
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.settings import DEFAULTS
from ganeval.features.feature_set import FeatureSet
from ganeval.gating import gate
from ganeval.gating.outcomes import HELD, REGRESSED
from ganeval.reports.report import ImageSet, Protocol, Report, Score
from ganeval.reports.scores import TITLES

NUMBERS, PAGE = HERE / "calibration.json", HERE.parent / "docs" / "calibration.md"
TWO_SIDED = 1.96
LAGS = (1, 2, 3)  # between the two sets of samples of one reference that the gate compares
RATIO, COVER, ALARM = (0.9, 1.15), (0.93, 0.97), 0.055  # what is wanted
NOISE = 2  # of its own standard errors, by which a number may be beyond that
PROTOCOL = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")

Numbers = np.ndarray[Any, Any]
Scores = Mapping[str, Score]


@dataclass(frozen=True)
class Case:
    """Two populations and how many of each are drawn; `classifier`: the probabilities are of the reference's classes."""

    real: Population
    fake: Population
    samples: int
    reference: int
    families: tuple[str, ...]
    classifier: bool = False
    new_both: int = 100  # draws of both sets
    kept: tuple[int, int] = (6, 16)  # references, and draws of samples for each


FEATURES = ("fid", "kid", "pr", "dc")
ALL = ("fid", "fid-infinity", "kid", "pr", "dc", "modes")
WITH_INFINITY = ("fid", "fid-infinity", "kid", "pr", "dc")
CLASSES = ("fid", "is", "kid", "pr", "dc", "modes")


def cases(folder: Path, data_root: str | None) -> dict[str, Callable[[], Case]]:
    """Every case by its name, in the order of the page; real features are read, or made, when their case comes."""

    def images(name: str, classes: range = range(10)) -> Population:
        return Pool(pool(name, folder, data_root), classes)

    def real(name: str, families: tuple[str, ...], count: int, classes: range = range(10), **more: Any) -> Case:
        whole = images(name)
        return Case(whole, whole if len(classes) == 10 else images(name, classes), count, count, families, **more)

    tenth = [0.01, 0.012, 0.008, *[0.97 / 7] * 7]
    return {
        "Gaussians of 16, equal": lambda: Case(gaussian(16), gaussian(16), 400, 400, ALL),
        "Gaussians of 16, different": lambda: Case(gaussian(16), gaussian(16, 0.1, 1.1), 400, 400, ALL),
        "even Gaussians of 8, equal": lambda: Case(even(8), even(8), 300, 300, FEATURES),
        "even Gaussians of 64, different": lambda: Case(even(64), even(64, 0.1, 1.1), 300, 300, FEATURES),
        "Gaussians of 64, equal": lambda: Case(gaussian(64), gaussian(64), 300, 300, WITH_INFINITY),
        "Gaussians of 64, different": lambda: Case(gaussian(64), gaussian(64, 0.1, 1.1), 300, 300, WITH_INFINITY),
        "Gaussians of 64, different, a large reference": lambda: Case(
            gaussian(64), gaussian(64, 0.1, 1.1), 300, 1200, ("fid", "pr", "dc")
        ),
        "Gaussians of 64, equal, many": lambda: Case(gaussian(64), gaussian(64), 2000, 2000, ("fid", "fid-infinity")),
        "Gaussians of 64, different, many": lambda: Case(
            gaussian(64), gaussian(64, 0.1, 1.1), 2000, 2000, ("fid", "fid-infinity")
        ),
        "Gaussians of 256, equal, N < D": lambda: Case(gaussian(256), gaussian(256), 200, 200, FEATURES),
        "Gaussians of 256, different, N < D": lambda: Case(gaussian(256), gaussian(256, 0.1, 1.1), 200, 200, FEATURES),
        "mixtures of 64, equal": lambda: Case(mixture(64), mixture(64), 300, 300, FEATURES),
        "mixtures of 64, different": lambda: Case(mixture(64), mixture(64, 0.1, 1.1), 300, 300, FEATURES),
        "heavy tails of 32, equal": lambda: Case(heavy(32), heavy(32), 300, 300, FEATURES),
        "heavy tails of 32, different": lambda: Case(heavy(32), heavy(32, 0.1, 1.1), 300, 300, FEATURES),
        "relu-Gaussians of 64, equal": lambda: Case(relu(64), relu(64), 300, 300, FEATURES),
        "relu-Gaussians of 64, different": lambda: Case(relu(64), relu(64, 0.1, 1.1), 300, 300, FEATURES),
        "MNIST, equal": lambda: real("mnist", CLASSES, 500, classifier=True),
        "MNIST, three digits dropped": lambda: real("mnist", CLASSES, 500, range(7), classifier=True),
        "CIFAR-10 by EfficientNet, equal, N < D": lambda: real("cifar10", FEATURES, 300, new_both=80, kept=(5, 16)),
        "CIFAR-10 by EfficientNet, three classes dropped, N < D": lambda: real(
            "cifar10", FEATURES, 300, range(7), new_both=80, kept=(5, 16)
        ),
        "CIFAR-10 by EfficientNet, equal, 1,000": lambda: real(
            "cifar10", ("fid", "is"), 1000, new_both=60, kept=(4, 15)
        ),
        "CIFAR-10 by EfficientNet, three classes dropped, 1,000": lambda: real(
            "cifar10", ("fid", "is"), 1000, range(7), new_both=60, kept=(4, 15)
        ),
        "10 classes, blurred": lambda: Case(softmax(10, 3), softmax(10, 3), 200, 200, ("is",)),
        "10 classes, unevenly filled": lambda: Case(softmax(10, 5, 10), softmax(10, 5, 10), 1000, 200, ("is",)),
        "10 classes, sharp": lambda: Case(softmax(10, 30), softmax(10, 30), 1000, 200, ("is",)),
        "100 classes, 20 images a split": lambda: Case(softmax(100, 4), softmax(100, 4), 200, 200, ("is",)),
        "10 modes, equal": lambda: modes([0.1] * 10, [0.1] * 10, 500),
        "10 modes, three at a tenth of their share": lambda: modes([0.1] * 10, tenth, 500),
        "10 modes, three dropped": lambda: modes([0.1] * 10, [0.0] * 3 + [1 / 7] * 7, 500),
        "1,000 modes, equal": lambda: modes([1e-3] * 1000, [1e-3] * 1000, 2600),
        "1,000 modes, unevenly filled": lambda: modes([1e-3] * 1000, uneven(1000, 1.5), 2600),
        "ring of 8, equal": lambda: around_centres(RING, 0.01, [1.0] * 8, 500),
        "ring of 8, three modes rare": lambda: around_centres(RING, 0.01, [0.002, 0.01, 0.0125, *[1.0] * 5], 500),
        "grid of 25, wide and uneven": lambda: around_centres(GRID, 0.05, uneven(25, 2.0), 500, 2.0),
        "grid of 25, all of high quality": lambda: around_centres(GRID, 0.05, [1.0] * 25, 500, 0.1),
        "copies: each sample four times": lambda: Case(
            gaussian(16), Copies(gaussian(16, 0.1, 1.1), 4), 400, 400, WITH_INFINITY
        ),
        "copies: each of both sets twice": lambda: Case(
            Copies(gaussian(16), 2), Copies(gaussian(16), 2), 400, 400, WITH_INFINITY
        ),
        "copies: each of 10 classes four times": lambda: Case(
            softmax(10, 3), Copies(softmax(10, 3), 4), 1000, 200, ("is", "modes"), classifier=True
        ),
        "samples too narrow: precision near 1": lambda: Case(even(8), even(8, 0, 0.5), 300, 300, FEATURES),
        "samples far off: all near 0": lambda: Case(even(8), even(8, 4.0), 300, 300, FEATURES),
        "one far outlier in 500": lambda: Case(outlier(8, 6.0), even(8, 1.5), 300, 300, FEATURES),
        "half of the samples copied from the reference": lambda: Case(
            even(16), Memorised(even(16), 0.5), 300, 300, FEATURES
        ),
        "few points": lambda: Case(even(4), even(4, 0.3), 40, 40, FEATURES),
    }


def modes(reference: Sequence[float], samples: Sequence[float], count: int) -> Case:
    return Case(filled(reference), filled(samples), count, 2 * count, ("modes",), classifier=True)


def around_centres(
    centres: torch.Tensor, sigma: float, shares: Sequence[float], count: int, wider: float = 1.0
) -> Case:
    even_shares = [1.0] * len(centres)
    fakes = around(centres, sigma, shares, wider)
    return Case(around(centres, sigma, even_shares), fakes, count, count, ("mixture",))


def scores(case: Case, real: FeatureSet, fake: FeatureSet) -> dict[str, Score]:
    """All scores of two sets by the path that `ganeval score` takes from features on."""
    return score_families(MetricInputs(real, fake, DEFAULTS, classifier=case.classifier), case.families)


def drawn(case: Case, random: torch.Generator, times: int) -> list[dict[str, Score]]:
    """Scores of `times` sets of samples against one reference; all of them are drawn here."""
    if case.fake is case.real:
        reference, *samples = case.real.sets(random, [case.reference, *[case.samples] * times])
    else:
        [reference] = case.real.sets(random, [case.reference])
        samples = case.fake.sets(random, [case.samples] * times, reference)
    return [scores(case, reference, fakes) for fakes in samples]


def measured(case: Case) -> dict[str, Any]:
    """What new draws do to each score of a case, and what its error says."""
    start, random = time.perf_counter(), torch.Generator().manual_seed(1)
    new_both = [drawn(case, random, 1)[0] for _ in range(case.new_both)]
    references, times = case.kept
    kept = [drawn(case, random, times) for _ in range(references)]
    names = [name for name in new_both[0] if all(name in one for one in [*new_both, *sum(kept, [])])]
    alarms = false_alarms(case, kept, names)
    found = {}
    for name in names:
        every = [one[name] for one in [*new_both, *sum(kept, [])]]
        if all(score.error is not None and score.error_samples is not None for score in every):
            both = [[one[name] for one in new_both]]
            of_samples = [[one[name] for one in group] for group in kept]
            found[name] = asdict(Calibration.of(both, of_samples, alarms[name]))
    seconds = round(time.perf_counter() - start, 1)
    counts = {"samples": case.samples, "reference": case.reference, "draws": case.new_both, "kept": list(case.kept)}
    return {**counts, "seconds": seconds, "scores": found}


@dataclass(frozen=True)
class Calibration:
    """One row: the mean score, of `error` and of `error_samples` the ratio to the truth and its noise, the share of
    95 % intervals that hold the mean, and the share of false alarms. A ratio is None where the score never moved."""

    mean: float
    ratio: float | None
    ratio_noise: float
    cover: float
    ratio_samples: float | None
    ratio_samples_noise: float
    cover_samples: float
    alarm: float

    @classmethod
    def of(cls, both: list[list[Score]], kept: list[list[Score]], alarm: float) -> "Calibration":
        ratio, noise, cover = _against_truth(both, "error")
        own_ratio, own_noise, own_cover = _against_truth(kept, "error_samples")
        mean = float(np.mean([_unclamped(score) for score in both[0]]))
        return cls(mean, ratio, noise, cover, own_ratio, own_noise, own_cover, alarm)


def _against_truth(groups: list[list[Score]], error: str) -> tuple[float | None, float, float]:
    """Stated error over true spread, the noise of this ratio, and the cover, within groups of one reference each."""
    errors = np.array([[getattr(score, error) for score in group] for group in groups])
    values = np.array([[_unclamped(score) for score in group] for group in groups])
    gaps = values - values.mean(1, keepdims=True)
    draws, free = values.size, values.size - len(groups)
    variance = float((gaps**2).sum()) / free
    # with the mean of few draws of a reference each gap is a little too small
    cover = float(np.mean(np.abs(gaps) <= TWO_SIDED * errors * (free / draws) ** 0.5))
    if variance <= 1e-20 * float(np.square(values).mean()):
        return None, 0.0, cover
    ratio = float(np.sqrt(np.mean(errors**2) / variance))
    kurtosis = float(np.mean(gaps**4)) / float(np.mean(gaps**2)) ** 2
    return ratio, ratio * (max(0.0, kurtosis - 1) / draws) ** 0.5 / 2, cover


def _unclamped(score: Score) -> float:
    return float(score.value if score.raw is None else score.raw)


def false_alarms(case: Case, kept: list[list[dict[str, Score]]], names: Sequence[str]) -> dict[str, float]:
    """How often the gate calls one of two equal generators worse, at tolerance 0, by the name of the score."""
    alarms: dict[str, list[bool]] = {name: [] for name in names}
    for group in kept:
        reports = [report(one, case.samples) for one in group]
        pairs = [(i, (i + lag) % len(reports)) for lag in LAGS for i in range(len(reports))]
        for i, j in pairs + [(j, i) for i, j in pairs]:
            for name, outcome in outcomes(reports[i], reports[j], names).items():
                alarms[name].append(outcome == REGRESSED)
    return {name: float(np.mean(found)) for name, found in alarms.items()}


def report(found: Scores, count: int) -> Report:
    """The report of samples without a name, of which the gate compares two."""
    reference = ImageSet("reference", "reference/", 50_000, "sha256:0a")
    return Report("0", "", ImageSet("samples", "samples/", count), reference, PROTOCOL, dict(found))


def outcomes(new: Report, baseline: Report, names: Sequence[str], tolerance: str = "0") -> dict[str, str]:
    """The gate's outcome for each score that may not get worse by more than the tolerance."""
    limits: dict[str, dict[str, float | str]] = {"lower": {}, "higher": {}}
    for name in names:
        limits[new.scores[name].better][name] = tolerance
    judged = gate(new, baseline=baseline, max_increase=limits["lower"], max_decrease=limits["higher"])
    return {judgement.limit.metric: judgement.outcome for judgement in judged.judgements}


# Power: a baseline whose population has an FID of 1, and generators whose own is higher by so much
POWER_WIDTH = 64
POWER_SCORES = {"fid": "FID", "fid_infinity": "FID∞", "kid": "KID"}
CHANGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)
POWER_CASES: dict[str, tuple[int, tuple[str, ...]]] = {
    "500": (500, ("fid", "kid")),
    "2,000": (2000, ("fid", "fid-infinity")),
}
POWER_DRAWS = 4, 16  # references, and draws of every generator for each


def shifted(distance: float) -> Population:
    """Normals whose means lie `distance` (squared) from those of the reference: FID of the population, exactly."""
    return even(POWER_WIDTH, (distance / POWER_WIDTH) ** 0.5)


def power(count: int, families: tuple[str, ...], draws: tuple[int, int]) -> dict[str, Any]:
    """For each score and change: by how much the score moved, in per cent and standard errors, and the outcomes."""
    random, start = torch.Generator().manual_seed(2), time.perf_counter()
    case = Case(even(POWER_WIDTH), even(POWER_WIDTH), count, count, families)
    found: dict[str, dict[str, list[tuple[float, float, float, str, str]]]] = {}
    for _ in range(draws[0]):
        [reference] = case.real.sets(random, [count])
        for _ in range(draws[1]):
            olds, news = [], {}
            for change in (None, *CHANGES):
                [fakes] = shifted(1 + (change or 0)).sets(random, [count])
                found_scores = scores(case, reference, fakes)
                olds.append(found_scores) if change is None else news.update({change: found_scores})
            for change, new in news.items():
                for name, row in compared(new, olds[0], count).items():
                    found.setdefault(name, {}).setdefault(f"{change:g}", []).append(row)
    table = {name: {change: _summary(rows) for change, rows in by.items()} for name, by in found.items()}
    return {"draws": draws[0] * draws[1], "seconds": round(time.perf_counter() - start, 1), "scores": table}


def compared(new: Scores, old: Scores, count: int) -> dict[str, tuple[float, float, float, str, str]]:
    """Of each score the new value, the old one, the standard error of their difference, and the outcomes at 0 and 1 %."""
    names, reports = list(new), (report(new, count), report(old, count))
    at_zero, rows = outcomes(*reports, names), {}
    for name in names:
        own, other = new[name], old[name]
        error = float(np.hypot(own.error_samples or 0.0, other.error_samples or 0.0))
        percent = outcomes(*reports, [name], "1%")[name] if other.value > 0 else ""
        rows[name] = own.value, other.value, error, at_zero[name], percent
    return rows


def _summary(rows: list[tuple[float, float, float, str, str]]) -> dict[str, float]:
    new, old, error = (float(np.mean([row[part] for row in rows])) for part in range(3))
    share = {
        f"regressed{suffix}": [row[part] == REGRESSED for row in rows] for suffix, part in (("", 3), (" at 1%", 4))
    }
    shares = {name: float(np.mean(found)) for name, found in share.items()}
    held = float(np.mean([row[3] == HELD for row in rows]))
    return {"percent": 100 * (new - old) / old, "errors": (new - old) / error, **shares, "held": held}


def beyond(row: Mapping[str, Any], draws: int) -> list[str]:
    """Which numbers of a row are outside what is wanted by more than their noise."""
    found = []
    for name in ("ratio", "ratio_samples"):
        ratio, noise = row[name], NOISE * row[f"{name}_noise"]
        if ratio is not None and not RATIO[0] - noise <= ratio <= RATIO[1] + noise:
            found.append(name)
    for name in ("cover", "cover_samples"):
        low, high = (NOISE * _binomial(share, draws) for share in COVER)
        if row[name.replace("cover", "ratio")] is not None and not COVER[0] - low <= row[name] <= COVER[1] + high:
            found.append(name)
    return found + ["alarm"] * (row["alarm"] > ALARM + NOISE * _binomial(ALARM, draws))


def _binomial(share: float, draws: int) -> float:
    return float((share * (1 - share) / draws) ** 0.5)


def page(numbers: Mapping[str, Any]) -> str:
    """docs/calibration.md, from calibration.json alone."""
    rows = [
        (name, case, score, row) for name, case in numbers["cases"].items() for score, row in case["scores"].items()
    ]
    marked = sum(bool(beyond(row, case["draws"])) for _, case, _, row in rows)
    parts = [INTRODUCTION.format(rows=len(rows), cases=len(numbers["cases"]), marked=marked), *_overview(rows)]
    parts += ["## Case by case", WORDS]
    for name, case in numbers["cases"].items():
        references, times = case["kept"]
        head = f"### {name[0].upper()}{name[1:]}\n\nN = {case['samples']:,}, M = {case['reference']:,}; "
        parts += [f"{head}{case['draws']} draws of both, {references} × {times} of the samples.", _case_table(case)]
    parts += [POWER_WORDS, *[_power_table(count, found) for count, found in numbers["power"].items()]]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """# Are the error bars right?

Made by `python benchmarks/calibration.py --write` from `benchmarks/calibration.json`; what each error bar is made of,
and where it fails, is in [metrics](metrics.md).

Both sets are drawn anew from a known population, hundreds of times, and each time every score is computed with its
error by the code behind `ganeval score`. *Ratio* is the stated error (root mean square) over the true spread of the score:
1 is right, more is too careful. *Cover* is the share of 95 % intervals, value ± 1.96 errors, that hold the mean score at
this N and M: 95 % is right. Both are there twice: for `error`, new draws of both sets, and for `error_samples`, new samples
against one reference, which is what the gate uses. *Alarm*: how often the gate, at tolerance 0 and a confidence of 0.95, calls one of two
equal generators worse: 5 % is right.

Wanted are a ratio of 0.9 to 1.15, a cover of 93 to 97 % and at most 5.5 % alarms. A number is in **bold** where it is
outside of that by more than twice its own Monte Carlo noise: {marked} of {rows} rows of {cases} cases. The noise of a
cover or an alarm of 200 draws is 1.5 points, that of a ratio stands beside it."""

WORDS = """The cases that are meant to be hard stand last: copies, scores near 0 or 1, outliers, memorised and few samples.
A dash: the score did not move in any draw."""

POWER_WORDS = """## What the gate sees

The baseline's population has an FID of 1 (64 independent normals, the means apart), the other generator's is higher by the
true change; all else as above, tolerance 0. *Moved*: by how much the score rose, in per cent of the baseline's score and in
standard errors of the difference; *regressed*, *held*: the share of the gate's outcomes, the rest is inconclusive; *beyond 1 %*:
the share regressed by `--max-increase 1%`. FID's bias at this N is part of its score but not of the change: a true change of 5 % moves it by less than 5 %.
`fid_infinity` and `kid` have no bias, and per cent of them mean what they say."""


def _overview(rows: Sequence[tuple[str, Any, str, Any]]) -> list[str]:
    lines = ["| score | rows | ratio, median and range | cover | ratio, samples | cover, samples | alarm | outside |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|---:|")
    for score in dict.fromkeys(score for _, _, score, _ in rows):
        own = [(case, row) for _, case, name, row in rows if name == score and row["ratio"] is not None]
        if not own:
            continue
        outside = sum(bool(beyond(row, case["draws"])) for case, row in own)
        ratios = [
            _spread([row[part] for _, row in own if row[part] is not None], "{:.2f}")
            for part in ("ratio", "ratio_samples")
        ]
        shares = [
            _spread([100 * row[part] for _, row in own], "{:.0f}") for part in ("cover", "cover_samples", "alarm")
        ]
        cells = [f"`{score}`", str(len(own)), ratios[0], shares[0], ratios[1], shares[1], shares[2], str(outside)]
        lines.append(f"| {' | '.join(cells)} |")
    return ["## Score by score", "\n".join(lines)]


def _spread(values: Sequence[float], form: str) -> str:
    if not values:
        return "–"
    middle, low, high = (form.format(value) for value in (np.median(values), min(values), max(values)))
    return f"{middle} ({low} … {high})"


def _case_table(case: Mapping[str, Any]) -> str:
    lines = ["| score | mean | ratio | cover | ratio, samples | cover, samples | alarm |", "|---|" + "---:|" * 6]
    for score, row in case["scores"].items():
        outside = beyond(row, case["draws"])

        def cell(name: str, text: str, outside: Sequence[str] = outside) -> str:
            return f"**{text}**" if name in outside else text

        ratios = [
            "–" if row[name] is None else f"{cell(name, f'{row[name]:.2f}')} ± {row[f'{name}_noise']:.2f}"
            for name in ("ratio", "ratio_samples")
        ]
        cover, own_cover, alarm = (
            cell(name, f"{100 * row[name]:.1f} %") for name in ("cover", "cover_samples", "alarm")
        )
        cells = [TITLES[score], f"{row['mean']:.3g}", ratios[0], cover, ratios[1], own_cover, alarm]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _power_table(count: str, found: Mapping[str, Any]) -> str:
    lines = [
        f"N = M = {count}, {found['draws']} draws.\n",
        "| score | true change | moved | in errors | regressed | beyond 1 % | held |",
    ]
    lines.append("|---|" + "---:|" * 6)
    for name, by in found["scores"].items():
        for change, row in by.items():
            shares = [f"{100 * row[part]:.0f} %" for part in ("regressed", "regressed at 1%", "held")]
            moved = [f"+{100 * float(change):.0f} %", f"{row['percent']:+.1f} %", f"{row['errors']:+.1f}"]
            lines.append(f"| {' | '.join([POWER_SCORES[name], *moved, *shares])} |")
    return "\n".join(lines)


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure the cases asked for, those that are not known yet, and keep each as it is done."""
    known = json.loads(NUMBERS.read_text(encoding="utf-8")) if NUMBERS.is_file() else {}
    numbers: dict[str, Any] = {"machine": machine(), "cases": {}, "power": {}} | (known if asked.write else {})
    makers = cases(asked.pools, asked.data_root)
    work: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {}
    for name, make in makers.items():
        work["cases", name] = lambda make=make: measured(_fewer(make(), asked.quick))  # type: ignore[misc]
    for name, (count, families) in POWER_CASES.items():
        draws = (2, 2) if asked.quick else POWER_DRAWS
        work["power", name] = lambda count=count, families=families, draws=draws: power(count, families, draws)  # type: ignore[misc]
    for (part, name), measure in work.items():
        called = name if part == "cases" else f"power {name}"
        wanted = (
            any(fnmatch(called, pattern) for pattern in asked.only or ()) if asked.only else name not in numbers[part]
        )
        if wanted:
            numbers[part][name] = measure()
            print(f"{numbers[part][name]['seconds']:7.1f} s  {called}", file=sys.stderr, flush=True)
            if asked.write:
                save(numbers, list(makers))
    return numbers


def save(numbers: dict[str, Any], order: Sequence[str]) -> None:
    """Write the numbers, cases in the order of the table; those that the table has lost are left out."""
    now = json.loads(NUMBERS.read_text(encoding="utf-8")) if NUMBERS.is_file() else {"cases": {}, "power": {}}
    for part, names in (("cases", order), ("power", list(POWER_CASES))):
        every = now[part] | numbers[part]  # another process may have written other cases
        numbers[part] = {name: every[name] for name in names if name in every}
    NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def _fewer(case: Case, quick: bool) -> Case:
    return Case(**{**vars(case), "new_both": 4, "kept": (2, 4)}) if quick else case


def main(words: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data-root", help="folder of CIFAR-10 and MNIST; default: GANEVAL_DATA")
    parser.add_argument("--pools", type=Path, default=Path.home() / ".cache" / "ganeval" / "calibration")
    asked = parser.parse_args(words)
    if asked.quick and asked.write:
        parser.error("--write needs all draws: leave --quick out")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    numbers = run(asked)
    text = page(numbers)
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return text


if __name__ == "__main__":
    main()
