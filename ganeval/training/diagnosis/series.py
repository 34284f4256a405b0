"""Series of numbers over a run's steps, from the records of its log, and their figures in a sentence."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Records = Sequence[Mapping[str, Any]]

# what the records of D and G hold besides the loss that each minimises against the other, by a key's first word
OTHER_TERMS = {"real", "fake", "gradient", "r1", "r2", "zero-centred", "historical", "cycle", "identity", "feature"}


@dataclass(frozen=True, eq=False)
class Series:
    """A number at each of several steps."""

    steps: tuple[int, ...]
    values: Values

    def __len__(self) -> int:
        return len(self.steps)

    def third(self, index: int) -> Values:
        """The values of the first, second or last third (0, 1, 2) of the intervals."""
        values: Values = np.array_split(self.values, 3)[index]
        return values

    @property
    def last(self) -> float:
        return float(self.values[-1])


def number(value: Any) -> float | None:
    """A finite number, or None for anything else.

    >>> number(0.5), number(None), number(float("nan")), number("diverged")
    (0.5, None, None, None)
    """
    usable = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None


def step_of(record: Mapping[str, Any]) -> int:
    """The step of a record; 0 where it has none."""
    return int(number(record.get("step")) or 0)


def series(records: Records, key: str) -> Series:
    """The numbers under a key, where there are any.

    >>> series([{"step": 1, "fid": 9.0}, {"step": 2, "fid": None}, {"step": 3}], "fid").steps
    (1,)
    """
    pairs = [(number(record.get("step")), number(record.get(key))) for record in records]
    points = [(int(step), value) for step, value in pairs if step is not None and value is not None]
    return Series(tuple(step for step, _ in points), np.array([value for _, value in points], dtype=np.float64))


def keys_of(losses: Records, role: str) -> list[str]:
    """The keys of the losses that `d` or `g` minimises against the other: no penalties, scores or further terms.

    >>> keys_of([{"step": 50, "d/loss": 1.3, "d/real": 0.2, "d/gradient penalty": 0.1, "g/loss": 0.7}], "d")
    ['d/loss']
    """
    keys = dict.fromkeys(key for record in losses for key in record if key.startswith(f"{role}/"))
    return [key for key in keys if re.split("[ _]", key[2:])[0] not in OTHER_TERMS]


def swings(values: Values, factor: float) -> int:
    """The number of times that positive values rose or fell by at least `factor`; smaller changes are not counted.

    >>> swings(np.array([8.0, 4.0, 4.2, 3.9, 9.0]), 1.5)
    2
    """
    count, direction = 0, 0
    low = high = values[0] if len(values) else 1.0
    for value in values[1:]:
        low, high = min(low, value), max(high, value)
        if direction <= 0 and value >= factor * low:
            count, direction, high = count + 1, 1, value
        elif direction >= 0 and factor * value <= high:
            count, direction, low = count + 1, -1, value
    return count


def scatter(values: Values) -> float:
    """The standard deviation of values about their neighbours' mean: their noise, whatever their trend.

    >>> scatter(np.array([5.0, 4.0, 3.0, 2.0]))
    0.0
    """
    bends = values[1:-1] - (values[:-2] + values[2:]) / 2
    return float(np.sqrt(np.mean(bends**2) / 1.5)) if len(bends) else 0.0  # a bend has 1 + 1/4 + 1/4 of the variance


def figure(value: float) -> str:
    """A number as a sentence shows it.

    >>> [figure(value) for value in (13849.6, 212.4, 9.7, 0.0019, 0.0)]
    ['13,850', '212', '9.70', '0.0019', '0.00']
    """
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.0995 or value == 0 else f"{value:.2g}"
