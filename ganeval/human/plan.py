"""The plan of a test: two sets, how many images of them, for how long; its id decides the place of each image.

The page holds the plan and no list of which images are real. Nor is there a secret: with this file anybody can compute
it, as `tally` does. The id keeps participants from seeing the answers by accident, and shows that a plan was edited.
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
class SetIdentity:
    """One of the two sets: its name, its number of images, and the fingerprint that a report on it has."""

    name: str
    count: int
    fingerprint: str


@dataclass(frozen=True)
class HumanTestPlan:
    """A test: `pictures` of `width` x `height`, half of each set, each shown for `seconds` (0: until answered).

    `shown` is the sha256 of the images as they are shown, samples first. The names are the keys of files of answers.
    """

    pictures: int
    seconds: float
    seed: int
    width: int
    height: int
    samples: SetIdentity
    reference: SetIdentity
    shown: str

    @property
    def id(self) -> str:
        """The hash that identifies this test and decides the order of its images."""
        document = {**asdict(self), "seconds": float(self.seconds)}  # a browser writes 1.0 as 1
        text = json.dumps(document, sort_keys=True)
        return hashlib.sha256(f"ganeval human {text}".encode()).hexdigest()[:ID_LENGTH]

    def order(self) -> list[int]:
        """The number of the image at each place of the test; the first half of the numbers are samples.

        NumPy's RandomState is the same in every version.
        """
        seed = int.from_bytes(hashlib.sha256(f"order of {self.id}".encode()).digest()[:4])
        return [int(number) for number in np.random.RandomState(seed).permutation(self.pictures)]

    def truth(self) -> tuple[bool, ...]:
        """Whether the image at each place of the test is real.

        >>> identity = SetIdentity("a", 2, "sha256:0")
        >>> sum(HumanTestPlan(40, 1.0, 2020, 8, 8, identity, identity, "").truth())
        20
        """
        return tuple(number >= self.pictures // 2 for number in self.order())

    def to_dict(self) -> dict[str, Any]:
        """The plan as the page and the files of answers hold it."""
        return {"id": self.id, **asdict(self)}


def read_plan(document: Any, where: str) -> HumanTestPlan:
    """The plan in a file of answers. ContentError where it is none, or was edited after the page was made."""
    try:
        plan, stored_id = _plan(document), document["id"]
    except (KeyError, TypeError, ValueError, OverflowError) as reason:
        detail = f"it lacks {reason}" if isinstance(reason, KeyError) else str(reason)[:80]
        raise ContentError(f"{where}: found no complete test ({detail}); needed the file that a test saves") from None
    if plan.id != stored_id:
        raise ContentError(f"{where}: its test was edited (id {stored_id}, needed {plan.id}); save it again")
    return plan


def _plan(document: Any) -> HumanTestPlan:
    if not isinstance(document, Mapping):
        raise TypeError("no object")
    plan = HumanTestPlan(
        pictures=_whole(document, "pictures"),
        seconds=float(document["seconds"]),
        seed=_whole(document, "seed"),
        width=_whole(document, "width"),
        height=_whole(document, "height"),
        samples=_identity(document["samples"]),
        reference=_identity(document["reference"]),
        shown=str(document["shown"]),
    )
    if plan.pictures < 2 or plan.pictures % 2 or not math.isfinite(plan.seconds):
        raise ValueError(f"{plan.pictures} images of {plan.seconds} seconds")
    return plan


def _identity(document: Any) -> SetIdentity:
    return SetIdentity(str(document["name"]), _whole(document, "count"), str(document["fingerprint"]))


def _whole(document: Mapping[str, Any], key: str) -> int:
    value = document[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}")
    return value
