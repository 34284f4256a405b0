"""The file of answers that a participant's browser saves: validated, and refused in one line where it is incomplete."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from ganeval.errors import ContentError, UsageError, plain
from ganeval.human.plan import HumanTestPlan, read_plan

FORMAT = 1  # of the file of answers, which a page writes
MAX_MILLISECONDS = 86_400_000.0  # a day, above which no time is a reaction time
NAME_LENGTH = 80  # characters
CHOICES = {"real": True, "fake": False}


@dataclass(frozen=True)
class Answer:
    """The answer to one image and its reaction time; `looks` is above 1 where the page was reloaded."""

    real: bool
    milliseconds: float
    looks: int


@dataclass(frozen=True)
class Sitting:
    """One participant's answers to a whole test; `who` is empty without a name, `id` identifies this sitting."""

    file: str
    plan: HumanTestPlan
    who: str
    id: str
    begun: str
    answers: tuple[Answer, ...]


def read_answers(path: Path) -> Sitting:
    """A participant's answers. UsageError where the file does not exist, ContentError where the test is incomplete."""
    document = _document(path)
    if not isinstance(document, dict) or "ganeval_human" not in document:
        raise ContentError(f"{path}: found no answers, needed the JSON file that a page of `ganeval human page` saves")
    if document["ganeval_human"] != FORMAT:
        raise ContentError(f"{path}: found format {document['ganeval_human']!r}, needed {FORMAT}; update ganeval")
    plan = read_plan(document.get("test"), str(path))
    answers = document.get("answers")
    if not isinstance(answers, list) or len(answers) != plan.pictures:
        found = len(answers) if isinstance(answers, list) else "no"
        raise ContentError(
            f"{path}: found {found} answers, needed all {plan.pictures}; open its page again to resume the test"
        )
    parsed = tuple(_answer(answer, f"{path}, answer {number}") for number, answer in enumerate(answers, 1))
    # texts that a person typed are made one line without control characters
    who, sitting, begun = (plain(str(document.get(key) or ""))[:NAME_LENGTH] for key in ("who", "sitting", "begun"))
    return Sitting(str(path), plan, who, sitting or str(path), begun, parsed)


def _document(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"{path}: found no such file, needed answers saved by a page of `ganeval human page`")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except OSError as reason:
        raise ContentError(f"{path}: cannot be read ({reason.strerror})") from reason
    except (ValueError, RecursionError) as reason:
        raise ContentError(
            f"{path}: found no complete JSON ({reason}); needed the file that the page saved"
        ) from reason


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, which is not a number")


def _answer(document: Any, where: str) -> Answer:
    if not isinstance(document, dict) or document.get("answer") not in tuple(CHOICES):
        found = document.get("answer") if isinstance(document, dict) else document
        raise ContentError(f"{where}: found {json.dumps(found)[:40]}, needed real or fake")
    time, looks = document.get("ms"), document.get("looks", 1)
    if not _is_number(time) or time < 0:
        raise ContentError(f"{where}: found the time {json.dumps(time)[:40]}, needed milliseconds, at most a day")
    if not _is_number(looks) or looks < 1:
        raise ContentError(f"{where}: found {json.dumps(looks)[:40]} looks, needed 1 or more")
    return Answer(CHOICES[document["answer"]], float(time), int(looks))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_MILLISECONDS  # not NaN
