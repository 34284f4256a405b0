"""What a person's browser saved: read, and refused in one line where it is not a whole test."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from ganeval.errors import ContentError, UsageError, plain
from ganeval.human.plan import Plan, plan_of

FORMAT = 1  # of the file of answers
LONGEST = 86_400_000.0  # milliseconds: a day, past which no time is a reaction
LONGEST_NAME = 80  # characters
CHOICES = {"real": True, "fake": False}


@dataclass(frozen=True)
class Answer:
    """What one picture was taken for, after how many milliseconds; `looks` is above 1 where the page was reloaded."""

    real: bool
    milliseconds: float
    looks: int


@dataclass(frozen=True)
class Sitting:
    """One person's answers to a whole test; `who` is empty where no name was given, `id` is this sitting's own."""

    file: str
    plan: Plan
    who: str
    id: str
    begun: str
    answers: tuple[Answer, ...]


def read_answers(path: Path) -> Sitting:
    """A person's answers. UsageError where the file is not there, ContentError where it holds no whole test."""
    document = _document(path)
    if not isinstance(document, dict) or "ganeval_human" not in document:
        raise ContentError(f"{path}: found no answers, needed the JSON that a page of `ganeval human page` saves")
    if document["ganeval_human"] != FORMAT:
        raise ContentError(f"{path}: found format {document['ganeval_human']!r}, needed {FORMAT}; update ganeval")
    plan = plan_of(document.get("test"), str(path))
    given = document.get("answers")
    if not isinstance(given, list) or len(given) != plan.pictures:
        found = len(given) if isinstance(given, list) else "no"
        raise ContentError(
            f"{path}: found {found} answers, needed all {plan.pictures}; its page, opened again, goes on there"
        )
    answers = tuple(_answer(one, f"{path}, answer {number}") for number, one in enumerate(given, 1))
    who, sitting, begun = (_line(document.get(key)) for key in ("who", "sitting", "begun"))
    return Sitting(str(path), plan, who, sitting or str(path), begun, answers)


def _line(text: Any) -> str:
    """What a person typed, as one line that does nothing to a terminal."""
    return plain(str(text or ""))[:LONGEST_NAME]


def _document(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"{path}: found no file there, needed answers saved by a page of `ganeval human page`")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except OSError as reason:
        raise ContentError(f"{path}: cannot be read ({reason.strerror})") from reason
    except (ValueError, RecursionError) as reason:
        raise ContentError(f"{path}: found no whole JSON ({reason}); needed the file as the page saved it") from reason


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, which is no number")


def _answer(document: Any, where: str) -> Answer:
    if not isinstance(document, dict) or document.get("answer") not in tuple(CHOICES):
        found = document.get("answer") if isinstance(document, dict) else document
        raise ContentError(f"{where}: found {json.dumps(found)[:40]}, needed real or fake")
    time, looks = document.get("ms"), document.get("looks", 1)
    if not _is_number(time) or time < 0:
        raise ContentError(f"{where}: found the time {json.dumps(time)[:40]}, needed milliseconds, 0 to a day's")
    if not _is_number(looks) or looks < 1:
        raise ContentError(f"{where}: found {json.dumps(looks)[:40]} looks, needed 1 or more")
    return Answer(CHOICES[document["answer"]], float(time), int(looks))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LONGEST  # NaN is not
