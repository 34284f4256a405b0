"""How long work says how far it is: a function of the stage, what is done, and of how much (None: unknown).

What follows `: ` in a stage is shown beside its bar and may change from call to call.
"""

from collections.abc import Callable

Tick = Callable[[str, int, int | None], None]


def silent(stage: str, done: int, total: int | None) -> None:
    """The tick of those who watch no progress."""
