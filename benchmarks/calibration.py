"""Are the error bars right? Each score's error against what new draws of both sets do; the gate's alarms and power.

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
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from calibration_cases import Draws, Pairing, cases
from calibration_page import page
from measuring import HERE, machine
from populations import Population, even

from ganeval.evaluation.families import score_families
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.settings import DEFAULTS
from ganeval.features.feature_set import FeatureSet
from ganeval.gating import gate
from ganeval.gating.outcomes import HELD, REGRESSED
from ganeval.reports.report import ImageSet, Protocol, Report, Score

NUMBERS, PAGE = HERE / "calibration.json", HERE.parent / "docs" / "calibration.md"
TWO_SIDED = 1.96
LAGS = (1, 2, 3)  # between the two sets of samples of one reference that the gate compares
PROTOCOL = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")

Numbers = np.ndarray[Any, Any]
Scores = Mapping[str, Score]
Compared = tuple[float, float, float, str, str]  # new value, old one, the error of their difference, two outcomes


def scores(case: Pairing, real: FeatureSet, fake: FeatureSet) -> dict[str, Score]:
    """All scores of two sets by the path that `ganeval score` takes from features on."""
    return score_families(MetricInputs(real, fake, DEFAULTS, classifier=case.classifier), case.families)


def drawn(case: Pairing, random: torch.Generator, times: int) -> list[dict[str, Score]]:
    """Scores of `times` sets of samples against one reference; all of them are drawn here."""
    [reference] = case.real.sets(random, [case.reference])
    samples = case.fake.sets(random, [case.samples] * times, reference)
    return [scores(case, reference, fakes) for fakes in samples]


def measured(case: Pairing) -> dict[str, Any]:
    """What new draws do to each score of a case, and what its error says."""
    start, random = time.perf_counter(), torch.Generator().manual_seed(1)
    new_both = [drawn(case, random, 1)[0] for _ in range(case.draws.of_both)]
    kept = [drawn(case, random, case.draws.of_samples) for _ in range(case.draws.references)]
    every = [*new_both, *(one for group in kept for one in group)]
    names = [name for name in new_both[0] if all(_has_errors(one.get(name)) for one in every)]
    alarms = false_alarms(case, kept, names)
    found = {}
    for name in names:
        both, of_samples = [[one[name] for one in new_both]], [[one[name] for one in group] for group in kept]
        found[name] = asdict(Calibration.of(both, of_samples, alarms[name]))
    seconds = round(time.perf_counter() - start, 1)
    of_both, *of_kept = case.draws
    counts = {"samples": case.samples, "reference": case.reference, "draws": of_both, "kept": of_kept}
    return {**counts, "seconds": seconds, "scores": found}


def _has_errors(score: Score | None) -> bool:
    return score is not None and score.error is not None and score.error_samples is not None


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


def false_alarms(case: Pairing, kept: list[list[dict[str, Score]]], names: Sequence[str]) -> dict[str, float]:
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
    case = Pairing(even(POWER_WIDTH), even(POWER_WIDTH), count, count, families)
    found: dict[str, dict[str, list[Compared]]] = {}
    for _ in range(draws[0]):
        [reference] = case.real.sets(random, [count])
        for _ in range(draws[1]):
            old = scores(case, reference, *shifted(1).sets(random, [count]))
            for change in CHANGES:
                new = scores(case, reference, *shifted(1 + change).sets(random, [count]))
                for name, row in compared(new, old, count).items():
                    found.setdefault(name, {}).setdefault(f"{change:g}", []).append(row)
    table = {name: {change: _summary(rows) for change, rows in by.items()} for name, by in found.items()}
    return {"draws": draws[0] * draws[1], "seconds": round(time.perf_counter() - start, 1), "scores": table}


def compared(new: Scores, old: Scores, count: int) -> dict[str, Compared]:
    """Both values of each score, and the outcomes where it may rise by nothing and by 1 %."""
    names, reports, rows = list(new), (report(new, count), report(old, count)), {}
    at_zero = outcomes(*reports, names)
    for name in names:
        own, other = new[name], old[name]
        error = float(np.hypot(own.error_samples or 0.0, other.error_samples or 0.0))
        percent = outcomes(*reports, [name], "1%")[name] if other.value > 0 else ""
        rows[name] = own.value, other.value, error, at_zero[name], percent
    return rows


def _summary(rows: list[Compared]) -> dict[str, float]:
    new, old, error = (float(np.mean([row[part] for row in rows])) for part in range(3))
    share = {
        f"regressed{suffix}": [row[part] == REGRESSED for row in rows] for suffix, part in (("", 3), (" at 1%", 4))
    }
    shares = {name: float(np.mean(found)) for name, found in share.items()}
    held = float(np.mean([row[3] == HELD for row in rows]))
    return {"percent": 100 * (new - old) / old, "errors": (new - old) / error, **shares, "held": held}


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure the cases asked for, those that are not known yet, and keep each as it is done."""
    known = json.loads(NUMBERS.read_text(encoding="utf-8")) if NUMBERS.is_file() else {}
    numbers: dict[str, Any] = {"machine": machine(), "cases": {}, "power": {}} | (known if asked.write else {})
    makers = cases(asked.pools, asked.data_root)
    draws = (2, 2) if asked.quick else POWER_DRAWS
    work: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
        ("cases", name): partial(_measured, make, asked.quick) for name, make in makers.items()
    }
    work |= {("power", name): partial(power, *options, draws) for name, options in POWER_CASES.items()}
    for (part, name), measure in work.items():
        called = name if part == "cases" else f"power {name}"
        known_already = name in numbers[part]
        if any(fnmatch(called, pattern) for pattern in asked.only) if asked.only else not known_already:
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


def _measured(make: Callable[[], Pairing], quick: bool) -> dict[str, Any]:
    case = make()
    return measured(replace(case, draws=Draws(4, 2, 4)) if quick else case)


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
