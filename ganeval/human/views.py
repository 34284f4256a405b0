"""The tally as a person reads it: rates with their intervals, each person, and what to mind."""

from collections.abc import Callable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ganeval.human.tally import TOO_FAST, Counted, Rate, Tally

FEW = 5  # people: below that the spread over them says little


def tally_view(found: Tally) -> RenderableType:
    """Everything that `ganeval human tally` prints but for what it left out."""
    parts: list[RenderableType] = [Text(heading(found), style="bold"), _rates(found)]
    if len(found.people) > 1:
        parts.append(_people(found))
    return Group(*parts, *[Text(line) for line in notes(found)])


def heading(found: Tally) -> str:
    """What was judged, and how."""
    plan = found.plan
    time = f"each seen for {plan.seconds:g} s" if plan.seconds else "each seen until answered"
    return f"{plan.samples.name} among {plan.reference.name}: {plan.pictures} pictures, half real, {time}"


def _rates(found: Tally) -> Table:
    pooled, table = found.pooled, Table(box=SIMPLE_HEAD)
    table.add_column("")
    for name in ("rate", _interval_heading(found), "answers"):
        table.add_column(name, justify="right", no_wrap=True)
    rates = {
        "human error rate ↑": pooled.errors,
        "fakes taken for real": pooled.fakes_as_real,
        "reals taken for fake": pooled.reals_as_fake,
    }
    for name, rate in rates.items():
        table.add_row(name, per_cent(rate.value), _interval(rate, found.confidence), f"{rate.wrong} of {rate.answers}")
    return table


def _people(found: Tally) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("person", overflow="fold")
    for name in ("errors", _interval_heading(found), "fakes as real", "reals as fake", "median ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for person in [*found.people, found.pooled]:
        if person is found.pooled:
            table.add_section()
        table.add_row(*_row(person, found.confidence))
    return table


def _row(person: Counted, confidence: float) -> list[str]:
    rates = [per_cent(rate.value) for rate in (person.errors, person.fakes_as_real, person.reals_as_fake)]
    return [escape(person.name), rates[0], _interval(person.errors, confidence), *rates[1:], f"{person.median:,.0f}"]


def notes(found: Tally) -> Iterator[str]:
    """What to mind: who answered, what chance is, and what the interval leaves out."""
    people = "1 person" if len(found.people) == 1 else f"{len(found.people)} people"
    yield f"{people}, median reaction {found.pooled.median:,.0f} ms. 50 % is chance: nobody can tell them apart."
    if found.spread is not None:
        yield (
            f"The interval takes all answers as independent and ignores that people differ: over people the rate is "
            f"{per_cent(found.pooled.errors.value)} ± {per_cent(found.spread)} (standard deviation)"
            + (f"; {people} are few." if len(found.people) < FEW else ".")
        )
    yield from _odd(
        found.people,
        lambda person: person.too_fast,
        f"within {TOO_FAST:.0f} ms, faster than anybody sees ({{}}); counted all the same.",
    )
    yield from _odd(
        found.people,
        lambda person: person.looked_again,
        "to pictures that were shown more than once, as the page was loaded anew ({}).",
    )


def _odd(people: tuple[Counted, ...], count: Callable[[Counted], int], what: str) -> Iterator[str]:
    """A line on answers that are not as they should be, and whose they are."""
    found = {person.name: count(person) for person in people if count(person)}
    if found:
        answers = "1 answer" if sum(found.values()) == 1 else f"{sum(found.values())} answers"
        yield f"{answers} {what.format(', '.join(f'{name}: {number}' for name, number in found.items()))}"


def per_cent(value: float) -> str:
    """A share as it is printed.

    >>> per_cent(0.425)
    '42.5 %'
    """
    return f"{100 * value:.1f} %"


def _interval(rate: Rate, confidence: float) -> str:
    low, high = rate.interval(confidence)
    return f"{100 * low:.1f} … {per_cent(high)}"


def _interval_heading(found: Tally) -> str:
    return f"{100 * found.confidence:g} % interval"
