"""What a gate found: one judgement for each limit, as data and as the sentence that people read. Needs no torch."""

from dataclasses import dataclass

from ganeval.errors import plain
from ganeval.gating.limits import Limit
from ganeval.gating.measures import Measure
from ganeval.reports.report import Score
from ganeval.reports.score_names import NOTHING, measured

HELD, REGRESSED, INCONCLUSIVE, NOT_COMPARABLE = "held", "regressed", "inconclusive", "not comparable"
EXIT_CODES = {NOT_COMPARABLE: 4, REGRESSED: 1, INCONCLUSIVE: 3, HELD: 0}  # the worst first
TAKEN_AS = {"pass": 0, "fail": 1, "3": 3}  # what an inconclusive gate exits with


@dataclass(frozen=True)
class Judgement:
    """What became of one limit. `excess` is d, `error` is s, `factor` is z: None where nothing could be measured."""

    limit: Limit
    outcome: str
    heading: str
    value: Measure | None = None
    baseline: Measure | None = None
    excess: float | None = None
    error: float | None = None
    factor: float | None = None
    note: str = ""

    @property
    def measured(self) -> str:
        """The value ± one standard error from the samples' side; a dash where there is none."""
        return NOTHING if self.value is None else shown(self.value)

    @property
    def bound(self) -> str:
        """The limit, and the baseline that it is relative to."""
        return self.limit.flag + (f" (baseline {shown(self.baseline)})" if self.baseline else "")

    @property
    def finding(self) -> str:
        """By how much, and how much that is in units of its error; or why there is no saying."""
        if self.excess is None or self.error is None:
            return self.note
        if self.excess == 0:
            return "exactly at the limit"
        where = "over" if (self.excess > 0) == self.limit.upper else "under"
        by = short(abs(self.excess))
        far = f"{where} by {by}, with no error bar"
        if self.error:
            units = short(abs(self.excess) / self.error)
            far = f"{units} standard error{'s' * (units != '1')} {where} (by {by})"
        return f"{far}; {self.note}" if self.note else far

    @property
    def sentence(self) -> str:
        """All of it in one line, without the outcome."""
        return plain(f"{self.heading} {self.measured}, {self.bound}: {self.finding}")


@dataclass(frozen=True)
class Gate:
    """What became of all limits, and what their reader should know."""

    judgements: tuple[Judgement, ...]
    warnings: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The worst: not comparable, regressed, inconclusive, held."""
        return next(one for one in EXIT_CODES if any(judgement.outcome == one for judgement in self.judgements))

    @property
    def exit_code(self) -> int:
        """0 held, 1 regressed, 3 inconclusive, 4 not comparable."""
        return EXIT_CODES[self.outcome]

    def exits(self, inconclusive: str) -> int:
        """The exit code where an inconclusive gate is taken as `pass`, as `fail` or as `3`."""
        return TAKEN_AS[inconclusive] if self.outcome == INCONCLUSIVE else self.exit_code

    def verdict(self, inconclusive: str) -> str:
        """The last line: the outcome, of how many limits, and the exit code."""
        count, total = sum(one.outcome == self.outcome for one in self.judgements), len(self.judgements)
        limits = f"{total} limit{'s' * (total > 1)}"
        which = limits if count == total else f"{count} of {limits}"
        taken = f" by --inconclusive {inconclusive}" * (self.outcome == INCONCLUSIVE and inconclusive != "3")
        return f"gate: {self.outcome} ({which}), exit code {self.exits(inconclusive)}{taken}"


def shown(part: Measure) -> str:
    """A value ± its error, as tables have it, and of how many seeds it is the mean."""
    value, error = measured(Score(part.value, part.better, None if part.missing else part.error))
    return (f"{value} ±{error}" if error else value) + f" of {part.count} seeds" * (part.count > 1)


def short(number: float) -> str:
    """Three digits, without exponents where people read them.

    >>> short(0.0512345), short(12345.6), short(2.0)
    ('0.0512', '12,346', '2')
    """
    return f"{number:,.0f}" if 1000 <= number < 10**12 else f"{number:.3g}"
