"""The TOML file of a gate: limits, where the baseline is, and how sure to be. Needs no torch.

baseline = "baseline.json"      # relative to this file; or a list of paths
confidence = 0.95
inconclusive = "pass"           # or "fail", or 3
[max]
fid = 25
[max-increase]
fid = "5%"
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown
from ganeval.gating.limits import CONFIDENCE, KINDS, Limit, check_confidence, check_policy, limit


@dataclass(frozen=True)
class Plan:
    """What a limits file says: limits, where the baseline is, and how sure to be."""

    limits: tuple[Limit, ...] = ()
    baseline: tuple[Path, ...] = ()
    confidence: float = CONFIDENCE
    inconclusive: str = "3"

    def overridden(self, limits: Iterable[Limit]) -> tuple[Limit, ...]:
        """The plan's limits, with others in the place of those of the same kind and metric."""
        both = {(one.kind, one.metric): one for one in (*self.limits, *limits)}
        return tuple(both.values())


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file; a baseline's path is relative to that file. UsageError where anything is not as it must.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "limits.toml"
    >>> _ = file.write_text("baseline = 'base.json'" + chr(10) + "[max-increase]" + chr(10) + "fid = '5%'")
    >>> plan = read_plan(file)
    >>> plan.limits[0].flag, plan.baseline[0].name, plan.confidence
    ('--max-increase fid=5%', 'base.json', 0.95)
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as reason:
        raise UsageError(f"--limits {path}: cannot be read ({reason.strerror})") from reason
    except (ValueError, RecursionError) as reason:
        raise UsageError(f"--limits {path}: found no TOML ({reason})") from reason
    try:
        return _plan(document, path.parent)
    except UsageError as reason:
        raise UsageError(f"--limits {path}: {reason}") from reason


def _plan(document: Mapping[str, Any], folder: Path) -> Plan:
    known = [*KINDS, "baseline", "confidence", "inconclusive"]
    for key in document:
        if key not in known:
            raise unknown("key", key, known)
    confidence, policy = document.get("confidence", CONFIDENCE), document.get("inconclusive", "3")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        raise UsageError(f"confidence = {confidence!r}: needed a number, as 0.95")
    check_confidence(confidence)
    check_policy(str(policy))
    limits = tuple(one for kind in KINDS for one in _table(kind, document.get(kind, {})))
    return Plan(limits, _baseline(document.get("baseline", []), folder), confidence, str(policy))


def _table(kind: str, table: object) -> list[Limit]:
    if not isinstance(table, Mapping):
        raise UsageError(f"{kind} = {table!r}: needed a table, [{kind}] and below it lines as fid = 25")
    return [limit(kind, metric, amount) for metric, amount in table.items()]


def _baseline(given: object, folder: Path) -> tuple[Path, ...]:
    paths: list[Any] = given if isinstance(given, list) else [given]
    if not all(isinstance(path, str) and path for path in paths):
        raise UsageError(f"baseline = {given!r}: needed the path of a report, or a list of paths")
    return tuple(folder / path for path in paths)
