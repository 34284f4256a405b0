"""The gate: held, regressed, inconclusive or not comparable; never decided by noise, never across protocols. No torch.

A limit is a difference d that must be 0 at most, s its standard error from the samples' side (two runs share the
reference), and z the one-sided quantile at the confidence asked for:

    held d <= 0     inconclusive 0 < d <= z s     regressed d > z s, or the metric is missing or not finite

Several reports, one for each seed of a model, count as their mean, with s from their standard deviation and for z
Student's t (`ganeval.comparison.groups.quantile`); a single report beside several is one more draw from their spread.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ganeval.comparison import kind_of
from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.comparison.groups import quantile
from ganeval.errors import UsageError, unknown
from ganeval.gating.limits import CONFIDENCE, MIRRORED, Limit, check_confidence, parse_limit
from ganeval.gating.measures import Measurement, ModelReports, read_model
from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.reports.report import MANY, Report
from ganeval.reports.score_names import title
from ganeval.reports.scores import TITLES

Reports = Report | str | Path | Sequence[Report | str | Path]
NO_LIMITS: Mapping[str, float | str] = {}


def gate(
    report: Reports,
    *,
    baseline: Reports | None = None,
    max: Mapping[str, float | str] = NO_LIMITS,
    min: Mapping[str, float | str] = NO_LIMITS,
    max_increase: Mapping[str, float | str] = NO_LIMITS,
    max_decrease: Mapping[str, float | str] = NO_LIMITS,
    confidence: float = CONFIDENCE,
) -> Gate:
    """Whether a report, or the mean of several seeds, holds its limits; `exit_code` is 0 where it does.

    Limits are numbers by metric; for `max_increase` and `max_decrease` also percentages of the baseline
    (`{"fid": "5%"}`). Raises UsageError for a file that is no report, an unknown metric, or no limit at all.

    >>> from ganeval.reports.report import ImageSet, Protocol, Score
    >>> protocol = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")
    >>> real = ImageSet("cifar10", "cifar10", 50_000)
    >>> def scored(fid):
    ...     return Report("0.1.0", "", ImageSet("a", "a/", 10_000), real, protocol, {"fid": Score(fid, "lower", 0.2)})
    >>> result = gate(scored(20.5), baseline=scored(20.0), max_increase={"fid": 0.1})
    >>> result.outcome, result.exit_code
    ('inconclusive', 3)
    >>> result.judgements[0].finding
    '1.41 standard errors over (by 0.4); about 13,528 samples of each would decide'
    """
    kinds = {"max": max, "min": min, "max-increase": max_increase, "max-decrease": max_decrease}
    limits = [parse_limit(kind, metric, amount) for kind, limits in kinds.items() for metric, amount in limits.items()]
    return judge(limits, report, baseline, confidence)


def judge(limits: Sequence[Limit], report: Reports, baseline: Reports | None, confidence: float = CONFIDENCE) -> Gate:
    """The outcome of each limit. UsageError for a file that is lost, broken or no report, and as of `gate`."""
    old = None if baseline is None else read_model(baseline, "the baseline")
    new = read_model(report, "the report")
    check_confidence(confidence)
    if not limits:
        raise UsageError("found no limit, needed at least one, as --max fid=25")
    check_metrics([limit.metric for limit in limits], new, *([old] if old else []))
    for limit in limits:
        if limit.relative and old is None:
            raise UsageError(f"{limit.flag}: relative to a baseline, needed --baseline")
    judgements = tuple(_judge(limit, new, old, confidence) for limit in limits)
    return Gate(judgements, tuple(dict.fromkeys([*_mixed_seeds(new, old), *_doubts(judgements, old)])))


def check_metrics(metrics: Iterable[str], *models: ModelReports) -> None:
    """UsageError for a metric that is neither in our tables nor in any of the reports."""
    own = [name for model in models for report in model.reports for name in report.scores]
    known = dict.fromkeys([*TITLES, *own])
    for metric in metrics:
        if metric not in known:
            raise unknown("metric", metric, known, TITLES)


def _judge(limit: Limit, new: ModelReports, old: ModelReports | None, confidence: float) -> Judgement:
    judgement = partial(Judgement, limit, heading=title(limit.metric, new.first.protocol))
    old = old if limit.relative else None
    if note := _incomparable(new, old):
        return judgement(NOT_COMPARABLE, note=note)
    if note := new.problem(limit.metric):
        return judgement(REGRESSED, note=note)
    value, baseline = new.measure(limit.metric), None
    if old is not None:
        measured = _measured_baseline(limit, old)
        value, baseline = _with_spread(value, measured), _with_spread(measured, value)
    excess = limit.excess(value.value, baseline.value if baseline else 0.0)
    parts = [(value.error, value.count)]
    if baseline is not None:
        parts.append((abs(float(limit.weight)) * baseline.error, baseline.count))
    error, factor = math.hypot(*[error for error, _ in parts]), quantile(confidence, parts)
    outcome = HELD if excess <= 0 else INCONCLUSIVE if excess <= factor * error else REGRESSED
    note = _what_would_decide(limit.metric, new, old, factor * error / excess) if outcome == INCONCLUSIVE else ""
    return judgement(outcome, value=value, baseline=baseline, excess=excess, error=error, factor=factor, note=note)


def _incomparable(new: ModelReports, old: ModelReports | None) -> str:
    """Why a limit cannot be judged at all; empty where it can."""
    if lines := new.disagreements():
        return f"the reports differ among themselves: {'; '.join(lines)}"
    if old is None:
        return ""
    if lines := old.disagreements():
        return f"the baseline's reports differ among themselves: {'; '.join(lines)}"
    return "; ".join(reasons_not_comparable(new.first, old.first))


def _measured_baseline(limit: Limit, old: ModelReports) -> Measurement:
    """The baseline's score. UsageError where it cannot be measured, or a percentage of it means nothing."""
    if problem := old.problem(limit.metric):
        raise UsageError(f"{limit.flag}: {limit.metric} is {problem}; write a new one with --update-baseline")
    measurement = old.measure(limit.metric)
    if limit.percent and measurement.value <= 0:
        found = f"the baseline is {measurement.value:.6g}"
        raise UsageError(f"{limit.flag}: {found}, needed one above 0 for a percentage of it")
    return measurement


def _with_spread(one: Measurement, other: Measurement) -> Measurement:
    """A single report beside several seeds takes their spread, and needs no error of its own."""
    if one.count > 1 or other.count == 1:
        return one
    return replace(one, error=other.error * math.sqrt(other.count), missing="")


def _what_would_decide(metric: str, new: ModelReports, old: ModelReports | None, ratio: float) -> str:
    """How many samples, or seeds, would bring the noise below the excess: the square of the ratio times as many.

    For scores of people it is answers, which the score counts.
    """
    models = [new] if old is None else [new, old]
    if all(len(model.reports) == 1 for model in models):
        answers = new.first.scores[metric].more.get("answers")
        count, unit = (answers, "answers") if isinstance(answers, int) else (new.first.samples.count, "samples")
        return f"about {_times(count, ratio)} {unit}{' of each' * (old is not None)} would decide" if count else ""
    seeds, *others = [_times(len(model.reports), ratio) for model in models]
    return f"about {seeds} seeds{f', and {others[0]} of the baseline,' if others else ''} would decide"


def _times(count: int, ratio: float) -> str:
    needed = count * ratio * ratio
    return f"{math.ceil(needed):,}" if needed < MANY else f"{MANY:,} or more"


def _mixed_seeds(*models: ModelReports | None) -> Iterator[str]:
    """A warning for several reports whose names or settings are those of different models, not seeds of one."""
    for model in filter(None, models):
        other = next((report for report in model.reports if kind_of(report) != kind_of(model.first)), None)
        if other is not None:
            names = f"{model.first.samples.name} and {other.samples.name}"
            yield f"{model.name}: {names} are taken for seeds of one model; gate different models one by one"


def _doubts(judgements: Sequence[Judgement], old: ModelReports | None) -> Iterator[str]:
    """Warnings for an unused baseline, for missing error bars, and for limits that hold whatever happens."""
    if old is not None and not any(judgement.limit.relative for judgement in judgements):
        yield "--baseline is not used: no limit is relative to it"
    kinds = {(judgement.limit.kind, judgement.limit.metric) for judgement in judgements}
    for judgement in judgements:
        limit, value, baseline = judgement.limit, judgement.value, judgement.baseline
        yield from (f"{part.missing}; it counts as 0" for part in (value, baseline) if part and part.missing)
        if value is None or (MIRRORED[limit.kind], limit.metric) in kinds:
            continue
        if limit.upper == (value.better == "higher"):
            yield f"{limit.flag}: a {value.better} {limit.metric} is better; is --{MIRRORED[limit.kind]} meant?"
        elif not limit.upper and limit.metric in TITLES and limit.bound(baseline.value if baseline else 0.0) < 0:
            hint = "; are per cent meant?" if limit.relative and not limit.percent else ""
            yield f"{limit.flag}: holds whatever {limit.metric} is, as it is never below 0{hint}"
