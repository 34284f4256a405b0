"""How long work reports its progress: a function of the stage, the count done, and the total (None: unknown).

Text after `: ` in a stage is shown beside its bar and may change from call to call.
"""

from collections.abc import Callable

Tick = Callable[[str, int, int | None], None]


def silent(stage: str, done: int, total: int | None) -> None:
    """The tick that shows nothing."""
