"""Whether a gate sees what it is there for: its outcome on sets of images whose quality is known. Needs no torch.

Held-out real data must pass its limits, and known-bad sets must fail them: regressed or not comparable. A bad set that
is inconclusive is missed: a policy, not a measurement, would fail it. `ganeval.evaluation.proof` scores the sets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

from ganeval.errors import plain
from ganeval.gating.limits import GateOptions, Limit
from ganeval.gating.measures import ModelReports
from ganeval.gating.outcomes import EXIT_CODES, HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.gating.rule import judge
from ganeval.reports.report import Report
from ganeval.reports.scores import HEADLINES

PASSED, FAILED, CAUGHT, MISSED, NOT_POSSIBLE = "passed", "failed", "caught", "missed", "not possible"
FAULTS = (FAILED, MISSED)  # either shows that the gate is not fit for its purpose


@dataclass(frozen=True)
class Trial:
    """The gate's outcome on a known set, of real or of bad images; `gate` is None where there is no such set.

    `note`: why there is none, or the limit that would catch a bad set which was missed.
    """

    name: str
    is_real: bool
    gate: Gate | None = None
    inconclusive: str = "3"
    note: str = ""

    @property
    def result(self) -> str:
        """Of real data passed or failed, of a bad set caught or missed; or not possible."""
        if self.gate is None:
            return NOT_POSSIBLE
        if self.is_real:
            return PASSED if self.gate.exit_code_for(self.inconclusive) == 0 else FAILED
        return CAUGHT if self.gate.outcome in (REGRESSED, NOT_COMPARABLE) else MISSED

    @property
    def finding(self) -> str:
        """What the gate found, by its worst limit, and the note."""
        worst = min(self.gate.judgements, key=_badness) if self.gate else None
        sentences = [f"{worst.outcome}, {worst.sentence}"] if worst else []
        return plain("; ".join(filter(None, [*sentences, self.note])))

    @property
    def sentence(self) -> str:
        """All of it in one line, without the result."""
        return plain(f"{self.name}: {self.finding}")


@dataclass(frozen=True)
class Proof:
    """The trials of a gate, and warnings about them."""

    trials: tuple[Trial, ...]
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 where real data failed or a bad set was missed, else 0."""
        return int(any(trial.result in FAULTS for trial in self.trials))

    @property
    def verdict(self) -> str:
        """The last line: how many bad sets were caught, and whether real data passed."""
        bad = [trial.result for trial in self.trials if not trial.is_real and trial.gate]
        real = [trial.result for trial in self.trials if trial.is_real]
        first = f"held-out real data {', '.join(real)}; " if real else ""
        return f"proof: {first}{bad.count(CAUGHT)} of {len(bad)} bad sets caught, exit code {self.exit_code}"


def _badness(judgement: Judgement) -> tuple[int, float]:
    """By outcome, then by how many standard errors the value is beyond its limit."""
    excess = (judgement.excess or 0.0) / (judgement.error or 1.0)
    return list(EXIT_CODES).index(judgement.outcome), -excess


def worst_code(gate_code: int, proof: Proof) -> int:
    """The exit code of a gate and its proof: 4 over 1 over 3 over 0."""
    return min(gate_code, proof.exit_code, key=list(EXIT_CODES.values()).index)


def trial_of(name: str, report: Report, options: GateOptions, old: ModelReports, *, is_real: bool = False) -> Trial:
    """The trial of a scored set. `old`: the baseline, or without one the samples that bad sets come from."""
    baseline = old.reports if any(limit.relative for limit in options.limits) else None
    gate = judge(options.limits, report, baseline, options.confidence)
    trial = Trial(name, is_real, gate, options.inconclusive)
    return replace(trial, note=_advice(report, old, options.confidence)) if trial.result == MISSED else trial


def _advice(report: Report, old: ModelReports, confidence: float) -> str:
    """The limit on a headline score that sees this set most clearly, at half of what it could be."""
    cases = [case for case in _cases(report, old, confidence) if case.outcome != HELD]
    seen = [case for case in cases if case.outcome != INCONCLUSIVE]
    if not seen:
        nearest = min(cases, key=_badness, default=None)
        more = f"; for {nearest.limit.flag} {nearest.note}" if nearest else ""
        return f"no headline score sees it with so many samples{more}"
    case = min(seen, key=_badness)
    if case.outcome == NOT_COMPARABLE:
        return f"any limit relative to a --baseline would catch it, as --{case.limit.kind} {case.limit.metric}=5%"
    amount = ((case.excess or 0.0) - (case.factor or 0.0) * (case.error or 0.0)) / 2
    limit = Limit(case.limit.kind, case.limit.metric, _round_down(amount))
    errors = f"{(case.excess or 0.0) / case.error:.1f} standard errors worse" if case.error else "worse"
    return f"{limit.flag} would catch it ({case.heading} is {errors} than in {old.name})"


def _cases(report: Report, old: ModelReports, confidence: float) -> Iterator[Judgement]:
    """The judgement of each headline score that both have, but for counts of modes, at tolerance 0."""
    for metric in HEADLINES:
        if metric in report.scores and report.scores[metric].total is None and not old.problem(metric):
            kind = "max-increase" if report.scores[metric].better == "lower" else "max-decrease"
            yield from judge([Limit(kind, metric, 0.0)], report, old.reports, confidence).judgements


def _round_down(amount: float) -> float:
    """One significant digit, never more than the amount.

    >>> _round_down(0.0387), _round_down(27.5), _round_down(0.0)
    (0.03, 20.0, 0.0)
    """
    number = Decimal(repr(amount))
    return float(number.quantize(Decimal(1).scaleb(number.adjusted()), ROUND_DOWN)) if number else 0.0
