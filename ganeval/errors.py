"""What can go wrong, as a user meets it.

    GanevalError          one line: what was found, what was needed, what to do
    ├── ContentError      the content of a file, a folder or a run is at fault      exit code 1
    │   ├── BadImage      one picture cannot be read; `name` says which
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
    """One picture cannot be read: truncated, empty, mislabelled, or not a picture at all."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason

    def __reduce__(self) -> tuple[type["BadImage"], tuple[str, str]]:
        return BadImage, (self.name, self.reason)  # ranks tell one another which pictures they could not read


class MissingWeights(ContentError):
    """A network's weights are not on this machine and could not be fetched."""


class UsageError(GanevalError):
    """A wrong name, flag or path."""

    exit_code = 2


class GanevalWarning(UserWarning):
    """A score that stands but that its reader should know something about; reports carry these as `warnings`."""


def unknown(kind: str, name: str, known: Iterable[str], titles: Mapping[str, str] = MappingProxyType({})) -> UsageError:
    """The error for a name that is not in a table, with the nearest one that is; `titles`: what else some are called.

    >>> str(unknown("metric", "fdi", ["fid", "kid"]))
    "unknown metric 'fdi': did you mean 'fid'? (known: fid, kid)"
    >>> str(unknown("metric", "IS", ["fid", "inception_score"], {"inception_score": "IS"}))
    "unknown metric 'IS': did you mean 'inception_score'? (known: fid, inception_score)"
    """
    names = list(known)
    called = {titles.get(one, one).casefold(): one for one in names} | {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), called, n=1, cutoff=0.5)
    hint = f"did you mean '{called[near[0]]}'? " if near else ""
    return UsageError(f"unknown {kind} '{name}': {hint}(known: {', '.join(names)})")


def plain(text: str) -> str:
    """One line of printable characters, whatever a report calls its scores: a line break could begin a command in CI.

    >>> plain("läufe/a" + chr(10) + "::error::b" + chr(27) + "[31m")
    'läufe/a ::error::b [31m'
    """
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def warn_all(texts: Iterable[str]) -> None:
    for text in texts:
        warnings.warn(text, GanevalWarning, 2)


@contextlib.contextmanager
def collected() -> Iterator[Callable[[], list[str]]]:
    """Our own warnings as lines for the report, as said so far; anybody else's go their usual way at the end."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as recorded:
            caught = recorded
            warnings.simplefilter("always", GanevalWarning)
            yield lambda: [str(one.message) for one in caught if issubclass(one.category, GanevalWarning)]
    finally:
        for one in caught:
            if not issubclass(one.category, GanevalWarning):
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
