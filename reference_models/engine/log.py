"""`log.jsonl`: one JSON object a line, appended while a run trains."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference_models.engine.checkpoint import atomic_write


def append(path: Path, record: Mapping[str, Any]) -> None:
    """One more line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def forget_after(path: Path, step: int) -> None:
    """Drop the lines of later steps, and a line that was cut off.

    >>> import tempfile
    >>> log = Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> for number in (1, 2, 3):
    ...     append(log, {"step": number})
    >>> forget_after(log, 2)
    >>> log.read_text()
    '{"step": 1}\\n{"step": 2}\\n'
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    with atomic_write(path) as partial:
        partial.write_text("".join(f"{line}\n" for line in lines if _is_of(line, step)), encoding="utf-8")


def _is_of(line: str, step: int) -> bool:
    """Whether a line is whole, and of this step or an earlier one."""
    try:
        return bool(json.loads(line)["step"] <= step)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
