"""Rows of one name, told apart: by the folders that they lie in where these are known, else by numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ganeval.comparison.rows import Row


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The rows in their order, each with a name that no other has.

    >>> from pathlib import Path
    >>> dcgan = lambda folder: Row("dcgan", (), folders=(Path(folder),))
    >>> [row.name for row in distinct([dcgan("a/dcgan"), dcgan("b/dcgan"), Row("noise", ())])]
    ['a/dcgan', 'b/dcgan', 'noise']
    """
    alike: dict[str, list[Row]] = {}
    for row in rows:
        alike.setdefault(row.name, []).append(row)
    names = {id(row): name for some in alike.values() for row, name in zip(some, _by_folder(some), strict=True)}
    return _numbered([replace(row, name=names[id(row)]) for row in rows])


def _by_folder(rows: Sequence[Row]) -> list[str]:
    """The names, after as much of their folders' paths as sets these apart."""
    paths = [_above(row) for row in rows]
    kinds = len(set(paths))
    if kinds == 1:
        return [row.name for row in rows]
    lengths = range(1, max(map(len, paths)) + 1)
    enough = next(length for length in lengths if len({path[-length:] for path in paths}) == kinds)
    return ["/".join((*path[-enough:], row.name)) for path, row in zip(paths, rows, strict=True)]


def _above(row: Row) -> tuple[str, ...]:
    """The parts of a row's folder, without its last where that is what the row is called."""
    folder = next((one for one in row.folders if one is not None), None)
    if folder is None:
        return ()
    own = row.name == folder.name or row.name.startswith(f"{folder.name} ")
    absolute = folder.absolute()
    return (absolute.parent if own else absolute).parts[1:]


def _numbered(rows: Sequence[Row]) -> list[Row]:
    """What still has the name of an earlier row gets the next number that is free."""
    taken: set[str] = set()
    often: Counter[str] = Counter()
    found = []
    for row in rows:
        name = row.name
        while name in taken:
            often[row.name] += 1
            name = f"{row.name} ({often[row.name] + 1})"
        taken.add(name)
        found.append(replace(row, name=name))
    return found
