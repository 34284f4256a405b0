"""What can go wrong, as a user meets it.

    GanevalError          one line: what was found, what was needed, what to do
    ├── ContentError      the content of a file, a folder or a run is at fault      exit code 1
    │   ├── BadImage      one image cannot be read; `name` says which
    │   └── MissingWeights  a network's weights are neither here nor to be had
    └── UsageError        a wrong name, flag or path                                exit code 2

and `GanevalWarning` for what does not stop a score.
"""

import contextlib
import difflib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType


class GanevalError(Exception):
    """Anything ganeval refuses; its text is the one line that the user reads."""

    exit_code = 1


class ContentError(GanevalError):
    """The content of a file, a folder or a run is at fault."""


class BadImage(ContentError):
    """One image cannot be read: truncated, empty, mislabelled, or not an image at all."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason

    def __reduce__(self) -> tuple[type["BadImage"], tuple[str, str]]:
        return BadImage, (self.name, self.reason)  # ranks tell one another which images they could not read


class MissingWeights(ContentError):
    """A network's weights are not on this machine and could not be fetched."""


class UsageError(GanevalError):
    """A wrong name, flag or path."""

    exit_code = 2


class GanevalWarning(UserWarning):
    """Something that the reader of a score should know; reports list it under `warnings`."""


def unknown(kind: str, name: str, known: Iterable[str], titles: Mapping[str, str] = MappingProxyType({})) -> UsageError:
    """The error for a name that is not in a table, with the nearest one that is; `titles`: other names for some.

    >>> str(unknown("metric", "fdi", ["fid", "kid"]))
    "unknown metric 'fdi': did you mean 'fid'? (known: fid, kid)"
    >>> str(unknown("metric", "IS", ["fid", "inception_score"], {"inception_score": "IS"}))
    "unknown metric 'IS': did you mean 'inception_score'? (known: fid, inception_score)"
    """
    names = list(known)
    name_of = {titles.get(item, item).casefold(): item for item in names} | {item.casefold(): item for item in names}
    near = difflib.get_close_matches(name.casefold(), name_of, n=1, cutoff=0.5)
    hint = f"did you mean '{name_of[near[0]]}'? " if near else ""
    return UsageError(f"unknown {kind} '{name}': {hint}(known: {', '.join(names)})")


def plain(text: str) -> str:
    """The text as one line of printable characters: a line break in a name could begin a command in CI.

    >>> plain("läufe/a" + chr(10) + "::error::b" + chr(27) + "[31m")
    'läufe/a ::error::b [31m'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def warn_all(texts: Iterable[str]) -> None:
    for text in texts:
        warnings.warn(text, GanevalWarning, 2)


@contextlib.contextmanager
def collected() -> Iterator[Callable[[], list[str]]]:
    """A function that gives our own warnings so far, as lines for a report; others' are passed on at the end."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as recorded:
            caught = recorded
            warnings.simplefilter("always", GanevalWarning)
            yield lambda: [str(warning.message) for warning in caught if issubclass(warning.category, GanevalWarning)]
    finally:
        for warning in caught:
            if not issubclass(warning.category, GanevalWarning):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
