"""What a gate is asked to hold, on the command line and in Python. Needs no torch.

Four kinds, each a difference d that must not be above 0, of a value v, a baseline's value b and the amount given:

    max            d = v - amount             max-increase   d = v - b - amount,  or v - b(1 + p) for p per cent
    min            d = amount - v             max-decrease   d = b - v - amount,  or b(1 - p) - v
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown

KINDS = ("max", "min", "max-increase", "max-decrease")
MIRRORED = {"max": "min", "min": "max", "max-increase": "max-decrease", "max-decrease": "max-increase"}
POLICIES = ("pass", "fail", "3")
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Limit:
    """One bound on one metric; `percent`: the amount is a share of the baseline.

    >>> Limit("max-increase", "fid", 5.0, percent=True).flag
    '--max-increase fid=5%'
    """

    kind: str
    metric: str
    amount: float
    percent: bool = False

    @property
    def relative(self) -> bool:
        """Whether a baseline is needed."""
        return self.kind in ("max-increase", "max-decrease")

    @property
    def upper(self) -> bool:
        """Whether it bounds from above."""
        return self.kind in ("max", "max-increase")

    @property
    def flag(self) -> str:
        """The limit as it is given on the command line."""
        return f"--{self.kind} {self.metric}={self.amount:.12g}{'%' * self.percent}"

    @property
    def weight(self) -> float:
        """By what the baseline's value, and so its error, is multiplied."""
        return float(self._factor())

    def bound(self, baseline: float = 0.0) -> float:
        """What the value may be at most, or at least."""
        return float(self._bound(baseline))

    def excess(self, value: float, baseline: float = 0.0) -> float:
        """The difference that must not be above 0, in decimal arithmetic: 0.87 - 0.85 - 0.02 is 0, as it is written.

        >>> Limit("max-decrease", "recall", 0.02).excess(0.85, 0.87), Limit("max", "fid", 25.0).excess(26.5)
        (0.0, 1.5)
        """
        apart = Decimal(repr(value)) - self._bound(baseline)
        return float(apart if self.upper else -apart)

    def _factor(self) -> Decimal:
        share = Decimal(repr(self.amount)) / 100 if self.percent else Decimal(0)
        return 1 + share if self.upper else 1 - share

    def _bound(self, baseline: float) -> Decimal:
        amount = Decimal(repr(self.amount))
        if not self.relative:
            return amount
        base = Decimal(repr(baseline))
        if self.percent:
            return base * self._factor()
        return base + amount if self.upper else base - amount


def limit(kind: str, metric: str, amount: object) -> Limit:
    """A limit of an amount: a number, or text such as `25` and, where there is a baseline, `5%`.

    >>> limit("max-increase", "fid", "5%")
    Limit(kind='max-increase', metric='fid', amount=5.0, percent=True)
    """
    text = str(amount).strip()
    number = _number(text.removesuffix("%"))
    percent = text.endswith("%")
    relative = kind in ("max-increase", "max-decrease")
    if isinstance(amount, bool) or number is None or (percent and not relative):
        needed = "a number or a percentage, as fid=0.5 or fid=5%" if relative else "a number, as fid=25"
        raise UsageError(f"--{kind} {metric}={text}: needed {needed}")
    return Limit(kind, metric, number, percent)


def parsed(kind: str, texts: Iterable[str]) -> list[Limit]:
    """The limits of one flag, given as `metric=amount` any number of times, each metric once.

    >>> parsed("max", ["fid=25", "kid=0.03"])[1].flag
    '--max kid=0.03'
    """
    found: dict[str, Limit] = {}
    for text in texts:
        metric, equals, amount = (part.strip() for part in text.partition("="))
        if not (metric and equals):
            raise UsageError(f"--{kind} {text}: needed metric=amount, as fid=25")
        if metric in found:
            raise UsageError(f"--{kind} {text}: found {metric} twice, needed one {kind} for a metric")
        found[metric] = limit(kind, metric, amount)
    return list(found.values())


def check_confidence(confidence: float) -> None:
    """UsageError for what is no one-sided confidence: 0.5 would call every excess a regression, 1 none."""
    if not 0.5 < confidence < 1:
        raise UsageError(f"--confidence {confidence}: needed a number between 0.5 and 1, as 0.95")


def check_policy(policy: str) -> None:
    """UsageError for what is no way of taking an inconclusive gate."""
    if policy not in POLICIES:
        raise unknown("way to take --inconclusive", policy, POLICIES)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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
