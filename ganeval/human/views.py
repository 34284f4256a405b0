"""The tally as tables and notes: rates with their intervals, each person, and what to consider."""

from collections.abc import Callable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ganeval.human.tally import TOO_FAST, AnswerCounts, Rate, Tally, per_cent

ENOUGH_PEOPLE = 5  # below that the spread over them is unreliable


def tally_view(tally: Tally) -> RenderableType:
    """Everything that `ganeval human tally` prints but for the files that it left out."""
    interval = f"{100 * tally.confidence:g} % interval"
    pooled, rates = tally.pooled, _table("", "rate", interval, "answers")
    for name, rate in {
        "human error rate ↑": pooled.errors,
        "fakes taken for real": pooled.fakes_as_real,
        "reals taken for fake": pooled.reals_as_fake,
    }.items():
        count = f"{rate.wrong} of {rate.answers}"
        rates.add_row(name, per_cent(rate.value), _interval(rate, tally.confidence), count)
    parts: list[RenderableType] = [Text(heading(tally), style="bold"), rates]
    if len(tally.people) > 1:
        people = _table("person", "errors", interval, "fakes as real", "reals as fake", "median ms")
        for person in [*tally.people, pooled]:
            if person is pooled:
                people.add_section()
            shares = [per_cent(rate.value) for rate in (person.errors, person.fakes_as_real, person.reals_as_fake)]
            error, *others = shares
            cells = [error, _interval(person.errors, tally.confidence), *others, f"{person.median:,.0f}"]
            people.add_row(person.name, *cells)
        parts.append(people)
    return Group(*parts, *[Text(line) for line in notes(tally)])


def heading(tally: Tally) -> str:
    """The sets, the number of images and the time of a test."""
    plan = tally.plan
    time = f"each shown for {plan.seconds:g} s" if plan.seconds else "each shown until answered"
    return f"{plan.samples.name} among {plan.reference.name}: {plan.pictures} images, half real, {time}"


def notes(tally: Tally) -> Iterator[str]:
    """What to consider: the number of people, chance, and what the interval leaves out."""
    people = "1 person" if len(tally.people) == 1 else f"{len(tally.people)} people"
    yield f"{people}, median reaction {tally.pooled.median:,.0f} ms. 50 % is chance: nobody can tell real from fake."
    if tally.spread is not None:
        yield (
            f"The interval takes all answers as independent and ignores that people differ: over people the rate is "
            f"{per_cent(tally.pooled.errors.value)} ± {per_cent(tally.spread)} (standard deviation)"
            + (f"; {people} are few." if len(tally.people) < ENOUGH_PEOPLE else ".")
        )
    yield from _exceptions(
        tally.people,
        lambda person: person.too_fast,
        f"within {TOO_FAST:.0f} ms, faster than anybody can react ({{}}); included all the same.",
    )
    yield from _exceptions(
        tally.people,
        lambda person: person.looked_again,
        "to images that were shown more than once, because the page was reloaded ({}).",
    )


def _table(label: str, *numbers: str) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column(label, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _interval(rate: Rate, confidence: float) -> str:
    low, high = rate.interval(confidence)
    return f"{100 * low:.1f} … {per_cent(high)}"


def _exceptions(people: Sequence[AnswerCounts], count: Callable[[AnswerCounts], int], text: str) -> Iterator[str]:
    """A line on answers with a defect, and whose they are."""
    counts = {person.name: count(person) for person in people if count(person)}
    if counts:
        answers = "1 answer" if sum(counts.values()) == 1 else f"{sum(counts.values())} answers"
        yield f"{answers} {text.format(', '.join(f'{name}: {number}' for name, number in counts.items()))}"
