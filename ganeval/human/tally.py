"""How often people were wrong: HYPE∞'s human error rate (Zhou et al. 2019, arXiv:1904.01121), with its interval.

Intervals are Wilson's (1927), as SciPy computes them: they stay inside 0..1 and say something even where nobody, or
everybody, was wrong. They take answers as independent; that people differ is told by the spread over people.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scipy.stats import binomtest

from ganeval.errors import ContentError, UsageError
from ganeval.human.answers import Answer, Sitting, read_answers
from ganeval.human.plan import Plan

TOO_FAST = 150.0  # milliseconds: nobody sees, decides and presses within them
ONE_ERROR = math.erf(math.sqrt(0.5))  # the confidence of one standard error: 68.3 %


@dataclass(frozen=True)
class Rate:
    """A share of answers that were wrong; higher is better for whoever made the pictures, 0.5 is chance."""

    wrong: int
    answers: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.wrong / self.answers

    def interval(self, confidence: float) -> tuple[float, float]:
        """Wilson's interval around the share.

        >>> low, high = Rate(17, 40).interval(0.95)
        >>> round(low, 4), round(high, 4)
        (0.2851, 0.578)
        """
        found = binomtest(self.wrong, self.answers).proportion_ci(confidence, method="wilson")
        return float(found.low), float(found.high)

    @property
    def error(self) -> float:
        """One standard error: half of Wilson's interval at 68.3 %, which is never 0."""
        low, high = self.interval(ONE_ERROR)
        return (high - low) / 2


@dataclass(frozen=True)
class Counted:
    """Answers and what was true: one person's, or those of all."""

    name: str
    answers: tuple[Answer, ...]
    truth: tuple[bool, ...]

    @property
    def errors(self) -> Rate:
        """Wrong answers of all answers."""
        return self._rate(lambda real: True)

    @property
    def fakes_as_real(self) -> Rate:
        """Fake pictures that were taken for real."""
        return self._rate(lambda real: not real)

    @property
    def reals_as_fake(self) -> Rate:
        """Real pictures that were taken for fake."""
        return self._rate(lambda real: real)

    @property
    def median(self) -> float:
        """The middle one of the reaction times, in milliseconds."""
        return statistics.median(answer.milliseconds for answer in self.answers)

    @property
    def too_fast(self) -> int:
        """How many answers came sooner than anybody can see."""
        return sum(answer.milliseconds < TOO_FAST for answer in self.answers)

    @property
    def looked_again(self) -> int:
        """How many pictures were shown more than once, because the page was loaded anew."""
        return sum(answer.looks > 1 for answer in self.answers)

    def _rate(self, counts: Callable[[bool], bool]) -> Rate:
        wrong = [answer.real != real for answer, real in zip(self.answers, self.truth, strict=True) if counts(real)]
        return Rate(sum(wrong), len(wrong))


@dataclass(frozen=True)
class Tally:
    """A test and the people who took it; `said`: what was left out, a line each."""

    plan: Plan
    people: tuple[Counted, ...]
    confidence: float
    said: tuple[str, ...] = ()

    @cached_property
    def pooled(self) -> Counted:
        """All answers together."""
        answers = tuple(answer for person in self.people for answer in person.answers)
        return Counted("all", answers, self.plan.truth() * len(self.people))

    @property
    def spread(self) -> float | None:
        """The standard deviation (ddof 1) of the error rate over people; None of one alone."""
        if len(self.people) < 2:
            return None
        return statistics.stdev(person.errors.value for person in self.people)

    @property
    def error(self) -> float:
        """One standard error of the pooled rate: of the answers or of the people, whichever is larger."""
        of_answers = self.pooled.errors.error
        return of_answers if self.spread is None else max(of_answers, self.spread / math.sqrt(len(self.people)))


def tally(paths: Sequence[Path], confidence: float = 0.95) -> Tally:
    """What people answered, from the files that their pages saved; more errors are better, 0.5 is chance.

    Nobody counts twice: of two files of one sitting, or of one name, the first is taken and the other said.
    Raises ContentError for files that are not whole, or of different tests; UsageError for one that is not there.
    """
    if not 0 < confidence < 1:
        raise UsageError(f"--confidence: found {confidence:g}, needed more than 0 and less than 1, such as 0.95")
    sittings = [read_answers(path) for path in paths]
    if not sittings:
        raise UsageError("tally: found no answers, needed one file at least")
    first = sittings[0]
    for other in sittings[1:]:
        if other.plan != first.plan:
            raise ContentError(
                f"{other.file}: found answers to test {other.plan.id} ({_sets(other.plan)}), needed those to test "
                f"{first.plan.id} ({_sets(first.plan)}) as in {first.file}; tally each test by itself"
            )
    kept, said = _once(sittings)
    truth = first.plan.truth()
    people = tuple(Counted(name, one.answers, truth) for name, one in zip(_names(kept), kept, strict=True))
    return Tally(first.plan, people, confidence, tuple(said))


def _sets(plan: Plan) -> str:
    return f"{plan.samples.name} and {plan.reference.name}"


def _once(sittings: Iterable[Sitting]) -> tuple[list[Sitting], list[str]]:
    """A sitting for each person, the earliest; and a line for each that is left out."""
    kept: dict[str, Sitting] = {}
    said = []
    for one in sorted(sittings, key=lambda sitting: sitting.begun):
        twin = next((other for other in kept.values() if _is_same(one, other)), None)
        if twin is None:
            kept[one.id] = one
            continue
        why = "the same sitting as" if one.id == twin.id else f"{one.who} a second time, after"
        said.append(f"{one.file}: left out, {why} {twin.file}")
    return list(kept.values()), said


def _is_same(one: Sitting, other: Sitting) -> bool:
    return one.id == other.id or bool(one.who and one.who.casefold() == other.who.casefold())


def _names(sittings: Sequence[Sitting]) -> list[str]:
    """Names as given; those who gave none are numbered."""
    nameless = [sitting.id for sitting in sittings if not sitting.who]
    return [sitting.who or f"anonymous {nameless.index(sitting.id) + 1}" for sitting in sittings]
