"""The outcome of a gate: one judgement for each limit, as data and as the sentence that people read. No torch."""

from dataclasses import dataclass
from statistics import NormalDist

from ganeval.errors import plain
from ganeval.gating.limits import POLICIES, Limit
from ganeval.gating.measures import Measurement
from ganeval.reports.score_names import NOTHING

HELD, REGRESSED, INCONCLUSIVE, NOT_COMPARABLE = "held", "regressed", "inconclusive", "not comparable"
EXIT_CODES = {NOT_COMPARABLE: 4, REGRESSED: 1, INCONCLUSIVE: 3, HELD: 0}  # the worst first
POWER = 0.8  # of a gate that catches its smallest regression


@dataclass(frozen=True)
class Judgement:
    """The outcome of one limit. `excess` is d, `error` is s, `factor` is z: None where nothing could be measured."""

    limit: Limit
    outcome: str
    heading: str
    value: Measurement | None = None
    baseline: Measurement | None = None
    excess: float | None = None
    error: float | None = None
    factor: float | None = None
    note: str = ""

    @property
    def value_text(self) -> str:
        """The value ± one standard error from the samples' side; a dash where there is none."""
        return NOTHING if self.value is None else self.value.text

    @property
    def limit_text(self) -> str:
        """The limit, and the baseline that it is relative to."""
        return self.limit.flag + (f" (baseline {self.baseline.text})" if self.baseline else "")

    @property
    def finding(self) -> str:
        """How far the value is from the limit, in standard errors; or why that cannot be known."""
        if self.excess is None or self.error is None:
            return self.note
        if self.excess == 0:
            return "exactly at the limit"
        where = "over" if (self.excess > 0) == self.limit.upper else "under"
        by = three_digits(abs(self.excess))
        distance = f"{where} by {by}, with no error bar"
        if self.error:
            errors = three_digits(abs(self.excess) / self.error)
            distance = f"{errors} standard error{'s' * (errors != '1')} {where} (by {by})"
        return f"{distance}; {self.note}" if self.note else distance

    @property
    def sensitivity(self) -> str:
        """The smallest regression that this limit would catch with so many samples, in `POWER` of draws; or nothing.

        A value is called regressed beyond z s from its bound; it lies there with that power from (z + z_power) s on.
        """
        if self.error is None or self.factor is None or self.value is None:
            return ""
        margin = (self.factor + NormalDist().inv_cdf(POWER)) * self.error
        base = self.baseline.value if self.baseline else 0.0
        least = float(self.limit.bound(base)) + (margin if self.limit.upper else -margin)
        reached = f"{self.heading} of {three_digits(least)} or {'more' if self.limit.upper else 'less'}"
        change = f", {abs(least - base) / abs(base):.0%} from the baseline's {three_digits(base)}" if base else ""
        return plain(f"{self.limit.flag}: catches {reached} in {POWER:.0%} of draws{change}")

    @property
    def sentence(self) -> str:
        """All of it in one line, without the outcome."""
        return plain(f"{self.heading} {self.value_text}, {self.limit_text}: {self.finding}")


@dataclass(frozen=True)
class Gate:
    """The outcomes of all limits, and warnings about them."""

    judgements: tuple[Judgement, ...]
    warnings: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """The worst: not comparable, regressed, inconclusive, held."""
        return min((judgement.outcome for judgement in self.judgements), key=list(EXIT_CODES).index)

    @property
    def sensitivities(self) -> list[str]:
        """The smallest regression that each limit would catch, where it has been measured."""
        return [judgement.sensitivity for judgement in self.judgements if judgement.sensitivity]

    @property
    def exit_code(self) -> int:
        """0 held, 1 regressed, 3 inconclusive, 4 not comparable."""
        return EXIT_CODES[self.outcome]

    def exit_code_for(self, inconclusive: str) -> int:
        """The exit code under a policy for what is inconclusive: `pass`, `fail` or `3`."""
        return POLICIES[inconclusive] if self.outcome == INCONCLUSIVE else self.exit_code

    def verdict(self, inconclusive: str) -> str:
        """The last line: the outcome, of how many limits, and the exit code."""
        outcomes = [judgement.outcome for judgement in self.judgements]
        count, total = outcomes.count(self.outcome), len(outcomes)
        limits = f"{total} limit{'s' * (total > 1)}"
        which = limits if count == total else f"{count} of {limits}"
        policy = f" by --inconclusive {inconclusive}" * (self.outcome == INCONCLUSIVE and inconclusive != "3")
        return f"gate: {self.outcome} ({which}), exit code {self.exit_code_for(inconclusive)}{policy}"


def three_digits(number: float) -> str:
    """Three digits, without exponents where people read them.

    >>> three_digits(0.0512345), three_digits(12345.6), three_digits(2.0)
    ('0.0512', '12,346', '2')
    """
    return f"{number:,.0f}" if 1000 <= number < 10**12 else f"{number:.3g}"
