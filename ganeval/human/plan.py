"""What a test is: two sets, how many pictures of them, for how long; and which place holds which, by its id alone.

The page holds the plan and no list of truths. Nor is there a secret: whoever has this file can compute them, as `tally`
does. The seal keeps honest people from seeing the answers by accident, and shows when a plan was edited.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganeval.errors import ContentError

ID_LENGTH = 16  # hex digits


@dataclass(frozen=True)
class Side:
    """One of the two sets: its name, how many pictures it has, and the fingerprint that a report on it has."""

    name: str
    count: int
    fingerprint: str


@dataclass(frozen=True)
class Plan:
    """A test: `pictures` of `width` x `height`, half of each side, each shown for `seconds` (0: until answered).

    `shown` is the sha256 of the pictures as they are shown, samples first.
    """

    pictures: int
    seconds: float
    seed: int
    width: int
    height: int
    samples: Side
    reference: Side
    shown: str

    @property
    def id(self) -> str:
        """What tells this test from any other, and decides where its pictures stand."""
        document = {**asdict(self), "seconds": float(self.seconds)}  # a browser writes 1.0 as 1
        text = json.dumps(document, sort_keys=True)
        return hashlib.sha256(f"ganeval human {text}".encode()).hexdigest()[:ID_LENGTH]

    def order(self) -> list[int]:
        """For each place of the test the picture that stands there; the first half of the numbers are samples.

        NumPy's RandomState draws the same for ever.
        """
        seed = int.from_bytes(hashlib.sha256(f"order of {self.id}".encode()).digest()[:4])
        return [int(number) for number in np.random.RandomState(seed).permutation(self.pictures)]

    def truth(self) -> tuple[bool, ...]:
        """For each place of the test whether the picture there is real.

        >>> side = Side("a", 2, "sha256:0")
        >>> sum(Plan(40, 1.0, 2020, 8, 8, side, side, "").truth())
        20
        """
        return tuple(number >= self.pictures // 2 for number in self.order())

    def to_dict(self) -> dict[str, Any]:
        """The plan as the page and the answers carry it."""
        return {"id": self.id, **asdict(self)}


def plan_of(document: Any, where: str) -> Plan:
    """The plan in a file of answers. ContentError where it is none, or was changed since the page was made."""
    try:
        plan = _plan(document)
    except (KeyError, TypeError, ValueError, OverflowError) as reason:
        raise ContentError(f"{where}: found no whole test in it ({_short(reason)}); needed what a test saved") from None
    if plan.id != document["id"]:
        raise ContentError(f"{where}: its test was edited (id {document['id']}, needed {plan.id}); save it anew")
    return plan


def _plan(document: Any) -> Plan:
    if not isinstance(document, Mapping):
        raise TypeError("no object")
    plan = Plan(
        pictures=_whole(document, "pictures"),
        seconds=float(document["seconds"]),
        seed=_whole(document, "seed"),
        width=_whole(document, "width"),
        height=_whole(document, "height"),
        samples=_side(document["samples"]),
        reference=_side(document["reference"]),
        shown=str(document["shown"]),
    )
    if plan.pictures < 2 or plan.pictures % 2 or not math.isfinite(plan.seconds):
        raise ValueError(f"{plan.pictures} pictures of {plan.seconds} seconds")
    return plan


def _side(document: Any) -> Side:
    return Side(str(document["name"]), _whole(document, "count"), str(document["fingerprint"]))


def _whole(document: Mapping[str, Any], key: str) -> int:
    value = document[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}")
    return value


def _short(reason: Exception) -> str:
    return f"it lacks {reason}" if isinstance(reason, KeyError) else str(reason)[:80]
