"""The human error rate of HYPE∞ (Zhou et al. 2019, arXiv:1904.01121), with its interval; 0.5 is chance.

Intervals are Wilson's (1927), as SciPy computes them: they stay inside 0..1 and are not empty where nobody, or
everybody, was wrong. They take answers as independent; the spread over people shows how people differ.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scipy.stats import binomtest

from ganeval.errors import ContentError, UsageError
from ganeval.human.answers import Answer, Sitting, read_answers
from ganeval.human.plan import HumanTestPlan

TOO_FAST = 150.0  # milliseconds: less than it takes to see, decide and press
ONE_ERROR = math.erf(math.sqrt(0.5))  # the confidence of one standard error: 68.3 %


@dataclass(frozen=True)
class Rate:
    """A share of wrong answers; higher is better for the generator, 0.5 is chance."""

    wrong: int
    answers: int

    @property
    def value(self) -> float:
        """The share."""
        return self.wrong / self.answers

    def interval(self, confidence: float) -> tuple[float, float]:
        """Wilson's interval around the share.

        >>> low, high = Rate(17, 40).interval(0.95)
        >>> round(low, 4), round(high, 4)
        (0.2851, 0.578)
        """
        interval = binomtest(self.wrong, self.answers).proportion_ci(confidence, method="wilson")
        return float(interval.low), float(interval.high)

    @property
    def error(self) -> float:
        """One standard error: half of Wilson's interval at 68.3 %, which is never 0."""
        low, high = self.interval(ONE_ERROR)
        return (high - low) / 2


@dataclass(frozen=True)
class AnswerCounts:
    """The answers of one person, or of all, and the truth of each."""

    name: str
    answers: tuple[Answer, ...]
    truth: tuple[bool, ...]

    @property
    def errors(self) -> Rate:
        """The rate of wrong answers over all answers."""
        return self._rate(True, False)

    @property
    def fakes_as_real(self) -> Rate:
        """The rate of fakes that were taken for real."""
        return self._rate(False)

    @property
    def reals_as_fake(self) -> Rate:
        """The rate of real images that were taken for fake."""
        return self._rate(True)

    @property
    def median(self) -> float:
        """The median reaction time in milliseconds."""
        return statistics.median(answer.milliseconds for answer in self.answers)

    @property
    def too_fast(self) -> int:
        """The number of answers faster than anybody can react."""
        return sum(answer.milliseconds < TOO_FAST for answer in self.answers)

    @property
    def looked_again(self) -> int:
        """The number of images that were shown more than once, because the page was reloaded."""
        return sum(answer.looks > 1 for answer in self.answers)

    def _rate(self, *truths: bool) -> Rate:
        wrong = [answer.real != real for answer, real in zip(self.answers, self.truth, strict=True) if real in truths]
        return Rate(sum(wrong), len(wrong))


@dataclass(frozen=True)
class Tally:
    """A test and the people who took it; `omissions`: a line for each file that was left out."""

    plan: HumanTestPlan
    people: tuple[AnswerCounts, ...]
    confidence: float
    omissions: tuple[str, ...] = ()

    @cached_property
    def pooled(self) -> AnswerCounts:
        """All answers together."""
        answers = tuple(answer for person in self.people for answer in person.answers)
        return AnswerCounts("all", answers, self.plan.truth() * len(self.people))

    @property
    def spread(self) -> float | None:
        """The standard deviation (ddof 1) of the error rate over people; None for one person."""
        if len(self.people) < 2:
            return None
        return statistics.stdev(person.errors.value for person in self.people)

    @property
    def error(self) -> float:
        """One standard error of the pooled rate: over answers or over people, whichever is larger."""
        over_answers = self.pooled.errors.error
        return over_answers if self.spread is None else max(over_answers, self.spread / math.sqrt(len(self.people)))


def tally(paths: Sequence[Path], confidence: float = 0.95) -> Tally:
    """The tally of the files that people's pages saved; a higher error rate is better, 0.5 is chance.

    Nobody counts twice: of two files of one sitting, or of one name, the first counts and the other is listed.
    Raises ContentError for incomplete files and for different tests; UsageError for a file that does not exist.
    """
    if not 0 < confidence < 1:
        raise UsageError(f"--confidence: found {confidence:g}, needed more than 0 and less than 1, such as 0.95")
    sittings = [read_answers(path) for path in paths]
    if not sittings:
        raise UsageError("tally: found no answers, needed at least one file")
    first = sittings[0]
    for other in sittings[1:]:
        if other.plan != first.plan:
            raise ContentError(
                f"{other.file}: found answers to test {other.plan.id} ({_sets(other.plan)}), needed those to test "
                f"{first.plan.id} ({_sets(first.plan)}) as in {first.file}; tally each test separately"
            )
    sittings, omissions = _first_sittings(sittings)
    truth = first.plan.truth()
    nameless = [sitting.id for sitting in sittings if not sitting.who]
    people = tuple(
        AnswerCounts(sitting.who or f"anonymous {nameless.index(sitting.id) + 1}", sitting.answers, truth)
        for sitting in sittings
    )
    return Tally(first.plan, people, confidence, tuple(omissions))


def per_cent(value: float) -> str:
    """A share as it is printed.

    >>> per_cent(0.425)
    '42.5 %'
    """
    return f"{100 * value:.1f} %"


def _sets(plan: HumanTestPlan) -> str:
    return f"{plan.samples.name} and {plan.reference.name}"


def _first_sittings(sittings: Iterable[Sitting]) -> tuple[list[Sitting], list[str]]:
    """The earliest sitting of each person, and a line for each that is left out."""
    first: list[Sitting] = []
    omissions = []
    for sitting in sorted(sittings, key=lambda sitting: sitting.begun):
        name = sitting.who.casefold()
        twins = [other for other in first if sitting.id == other.id or (name and name == other.who.casefold())]
        if twins:
            reason = "the same sitting as" if sitting.id == twins[0].id else f"{sitting.who} a second time, after"
            omissions.append(f"{sitting.file}: left out, {reason} {twins[0].file}")
        else:
            first.append(sitting)
    return first, omissions
