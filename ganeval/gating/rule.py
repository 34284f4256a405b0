"""The gate: held, regressed, inconclusive or not comparable; never decided by noise, never across protocols. No torch.

A limit is a difference d that must not be above 0, s its standard error from the samples' side (two runs share the
reference), and z the one-sided quantile at the confidence asked for:

    held d <= 0     inconclusive 0 < d <= z s     regressed d > z s, or the metric is missing or not finite

Several reports, one for each seed of a model, are taken as their mean, with s from their standard deviation and for z
Student's t (`ganeval.comparison.noise`); a single report beside several is one more draw from their spread.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ganeval.comparison import kind_of
from ganeval.comparison.comparing import differences
from ganeval.comparison.groups import quantile
from ganeval.errors import UsageError, unknown
from ganeval.gating.limits import CONFIDENCE, MIRRORED, Limit, check_confidence, limit
from ganeval.gating.measures import Measure, Side, side
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.reports.report import MANY, Report
from ganeval.reports.score_names import title
from ganeval.reports.scores import TITLES


def doubts(judgements: Sequence[Judgement], *, baseline: bool) -> Iterable[str]:
    """What a reader should know: errors that are none, a `baseline` given for nothing, limits that hold anyhow.

    >>> from ganeval.gating.measures import Measure
    >>> exact = Measure(0.8, 0.0, "higher", missing="recall has no error bar in the report")
    >>> list(doubts([Judgement(Limit("max", "recall", 0.9), "held", "recall", exact)], baseline=False))[1]
    '--max recall=0.9: a higher recall is better; is --min meant?'
    """
    if baseline and not any(one.limit.relative for one in judgements):
        yield "--baseline is not used: no limit is relative to it"
    asked = {(one.limit.kind, one.limit.metric) for one in judgements}
    for one in judgements:
        sides = [part for part in (one.value, one.baseline) if part is not None]
        yield from (f"{part.missing}; it counts as 0" for part in sides if part.missing)
        if one.value is not None and (MIRRORED[one.limit.kind], one.limit.metric) not in asked:
            yield from _wrong_way(one.limit, one.value, one.baseline)


def mixed(one: Side) -> Iterable[str]:
    """That several reports are taken for seeds of one model, where their names or settings say otherwise."""
    other = next((report for report in one.reports if kind_of(report) != kind_of(one.first)), None)
    if other is not None:
        names = f"{one.first.samples.name} and {other.samples.name}"
        yield f"{one.name}: {names} are taken for seeds of one model; gate different models one by one"


def _wrong_way(limit: Limit, value: Measure, base: Measure | None) -> Iterable[str]:
    """Limits that hold whatever happens, which is hardly what was meant."""
    if limit.upper == (value.better == "higher"):
        yield f"{limit.flag}: a {value.better} {limit.metric} is better; is --{MIRRORED[limit.kind]} meant?"
    elif not limit.upper and limit.metric in TITLES and limit.bound(base.value if base else 0.0) < 0:
        hint = "; are per cent meant?" if limit.relative and not limit.percent else ""
        yield f"{limit.flag}: holds whatever {limit.metric} is, as it is never below 0{hint}"


Given = Report | str | Path | Sequence[Report | str | Path]
NO_LIMITS: Mapping[str, float | str] = {}


def gate(
    report: Given,
    *,
    baseline: Given | None = None,
    max: Mapping[str, float | str] = NO_LIMITS,
    min: Mapping[str, float | str] = NO_LIMITS,
    max_increase: Mapping[str, float | str] = NO_LIMITS,
    max_decrease: Mapping[str, float | str] = NO_LIMITS,
    confidence: float = CONFIDENCE,
) -> Gate:
    """Whether a report, or the mean of several seeds, holds its limits; `exit_code` is 0 where it does.

    Limits are numbers by metric, or percentages of the baseline (`{"fid": "5%"}`) for `max_increase` and
    `max_decrease`. Raises UsageError for a file that is no report, an unknown metric, or no limit at all.

    >>> from ganeval.reports.report import ImageSet, Protocol, Score
    >>> how = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")
    >>> real = ImageSet("cifar10", "cifar10", 50_000)
    >>> def scored(fid):
    ...     return Report("0.1.0", "", ImageSet("a", "a/", 10_000), real, how, {"fid": Score(fid, "lower", 0.2)})
    >>> found = gate(scored(20.5), baseline=scored(20.0), max_increase={"fid": 0.1})
    >>> found.outcome, found.exit_code
    ('inconclusive', 3)
    >>> found.judgements[0].finding
    '1.41 standard errors over (by 0.4); about 13,528 samples of each would decide'
    """
    given = {"max": max, "min": min, "max-increase": max_increase, "max-decrease": max_decrease}
    limits = [limit(kind, metric, amount) for kind, some in given.items() for metric, amount in some.items()]
    standard = None if baseline is None else side(baseline, "the baseline")
    return judge(limits, side(report, "the report"), standard, confidence)


def judge(limits: Sequence[Limit], new: Side, old: Side | None, confidence: float = CONFIDENCE) -> Gate:
    """Each limit, held against the new reports and the baseline's. UsageError where that makes no sense."""
    check_confidence(confidence)
    check_limits(limits, new, old)
    judgements = tuple(_judge(one, new, old, confidence) for one in limits)
    warnings = [*mixed(new), *(mixed(old) if old else ()), *doubts(judgements, baseline=old is not None)]
    return Gate(judgements, tuple(dict.fromkeys(warnings)))


def check_limits(limits: Sequence[Limit], new: Side, old: Side | None) -> None:
    """UsageError for no limit, for a metric that nobody knows, and for a relative limit without a baseline."""
    if not limits:
        raise UsageError("found no limit, needed one at least, as --max fid=25")
    check_metrics([one.metric for one in limits], new, *([old] if old else []))
    for one in limits:
        if one.relative and old is None:
            raise UsageError(f"{one.flag}: relative to a baseline, needed --baseline")


def check_metrics(metrics: Iterable[str], *sides: Side) -> None:
    """UsageError for a metric that is neither in our tables nor in any of the reports."""
    known = dict.fromkeys([*TITLES, *(name for one in sides for report in one.reports for name in report.scores)])
    for metric in metrics:
        if metric not in known:
            raise unknown("metric", metric, known, TITLES)


def _judge(limit: Limit, new: Side, old: Side | None, confidence: float) -> Judgement:
    made = partial(Judgement, limit, heading=title(limit.metric, new.first.protocol))
    base = old if limit.relative else None
    if reasons := _incomparable(new, base):
        return made(NOT_COMPARABLE, note=reasons)
    if problem := new.problem(limit.metric):
        return made(REGRESSED, note=problem)
    value, standard = new.measure(limit.metric), None
    if base is not None:
        found = _standard(limit, base)
        value, standard = _lent(value, found), _lent(found, value)
    excess = limit.excess(value.value, standard.value if standard else 0.0)
    error, factor = _uncertainty(value, standard, abs(limit.weight), confidence)
    outcome = HELD if excess <= 0 else INCONCLUSIVE if excess <= factor * error else REGRESSED
    note = _decider(limit.metric, new, base, factor * error / excess) if outcome == INCONCLUSIVE else ""
    return made(outcome, value=value, baseline=standard, excess=excess, error=error, factor=factor, note=note)


def _incomparable(new: Side, base: Side | None) -> str:
    """What keeps a limit from being judged at all; empty where nothing."""
    if found := new.differences():
        return f"the reports differ among themselves: {'; '.join(found)}"
    if base is None:
        return ""
    if found := base.differences():
        return f"the baseline's reports differ among themselves: {'; '.join(found)}"
    return "; ".join(differences(new.first, base.first))


def _standard(limit: Limit, base: Side) -> Measure:
    """The baseline's score. UsageError where it is none, or where a percentage of it means nothing."""
    if problem := base.problem(limit.metric):
        raise UsageError(f"{limit.flag}: {limit.metric} is {problem}; write a new one with --update-baseline")
    found = base.measure(limit.metric)
    if limit.percent and found.value <= 0:
        raise UsageError(f"{limit.flag}: the baseline is {found.value:.6g}, needed one above 0 for a percentage of it")
    return found


def _lent(one: Measure, other: Measure) -> Measure:
    """A single report beside several takes their spread, and needs no error of its own."""
    if one.count > 1 or other.count == 1:
        return one
    return replace(one, error=other.error * math.sqrt(other.count), missing="")


def _uncertainty(value: Measure, base: Measure | None, weight: float, confidence: float) -> tuple[float, float]:
    """The standard error of the difference, and how many of them noise may reach."""
    parts = [(value.error, value.count)]
    if base is not None:
        parts.append((weight * base.error, base.count))
    return math.hypot(*[error for error, _ in parts]), quantile(confidence, parts)


def _decider(metric: str, new: Side, base: Side | None, ratio: float) -> str:
    """How many samples, or seeds, would take the noise below what was found: the square of the ratio times as many.

    Of what people judged it is answers, which the score counts.
    """
    sides = [new] if base is None else [new, base]
    if all(len(one.reports) == 1 for one in sides):
        answers = new.first.scores[metric].more.get("answers")
        count, things = (answers, "answers") if isinstance(answers, int) else (new.first.samples.count, "samples")
        return f"about {_times(count, ratio)} {things}{' of each' * (base is not None)} would decide" if count else ""
    mine, *theirs = [_times(len(one.reports), ratio) for one in sides]
    return f"about {mine} seeds{f', and {theirs[0]} of the baseline,' if theirs else ''} would decide"


def _times(count: int, ratio: float) -> str:
    needed = count * ratio * ratio
    return f"{math.ceil(needed):,}" if needed < MANY else f"{MANY:,} or more"
