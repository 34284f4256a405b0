"""What a gate warns about, whatever its outcome. Needs no torch."""

from collections.abc import Iterable, Sequence

from ganeval.comparison import kind_of
from ganeval.gating.judgements import Judgement
from ganeval.gating.limits import MIRRORED, Limit
from ganeval.gating.sides import Measure, Side
from ganeval.headings import TITLES


def doubts(judgements: Sequence[Judgement], *, baseline: bool) -> Iterable[str]:
    """What a reader should know: errors that are none, a `baseline` given for nothing, limits that hold anyhow.

    >>> from ganeval.gating.sides import Measure
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
