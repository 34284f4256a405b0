"""docs/calibration.md, from the numbers in calibration.json alone: what is outside of what is wanted is in bold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganeval.reports.scores import TITLES

RATIO, COVER, ALARM = (0.9, 1.15), (0.93, 0.97), 0.055  # what is wanted
NOISE = 2  # of its own standard errors, by which a number may be beyond that


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
    draws = sorted({case["draws"] for case in numbers["cases"].values()})
    noise = " and ".join(f"{100 * _binomial(0.95, count):.1f} points of {count} draws" for count in draws)
    counts = {"cases": len(numbers["cases"]), "draws": " or ".join(map(str, draws)), "noise": noise}
    parts = [INTRODUCTION.format(rows=len(rows), marked=marked, **counts), *_overview(rows)]
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

Both sets are drawn anew from a known population, {draws} times, and each time every score is computed with its error
by the code behind `ganeval score`. *Ratio* is the stated error (root mean square) over the true spread of the
score: 1 is right, more is too careful. *Cover* is the share of 95 % intervals, value ± 1.96 errors, that hold the mean
score at this N and M: 95 % is right. Both are there twice: for `error`, new draws of both sets, and for
`error_samples`, new samples against one reference, which is what the gate uses. *Alarm*: how often the gate, at
tolerance 0 and a confidence of 0.95, calls one of two equal generators worse: 5 % is right.

Wanted are a ratio of 0.9 to 1.15, a cover of 93 to 97 % and at most 5.5 % alarms. A number is in **bold** where it is
outside of that by more than twice its own Monte Carlo noise: {marked} of {rows} rows of {cases} cases. The noise of a
cover is {noise}, that of a ratio stands beside it;
draws for `error_samples` share a few references, which adds to it."""

WORDS = """The cases that are meant to be hard stand last: copies, scores near 0 or 1, outliers, memorised and few
samples. A dash: the score did not move in any draw."""

POWER_WORDS = """## What the gate sees

The baseline's population has an FID of 1 (64 independent normals, the means apart), the other generator's is higher by
the true change. *Moved*: by how much the score rose, in per cent of the baseline's score and in standard errors of the
difference; *regressed*, *held*: the share of the gate's outcomes at tolerance 0, the rest is inconclusive; *beyond 1
%*: the share regressed by `--max-increase 1%`. FID's bias at this N is part of the score but not of the change: a true
change of 5 % moves it by less than 5 %. `fid_infinity` and `kid` have no bias, and per cent of them mean what they
say."""


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
            lines.append(f"| {' | '.join([TITLES[name], *moved, *shares])} |")
    return "\n".join(lines)
