"""Limits of a gate, as options of the command line, in Python and in a TOML file. Needs no torch.

There are four kinds. Each is a difference d that must be 0 at most, of a value v, a baseline's value b and an amount:

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

MIRRORED = {"max": "min", "min": "max", "max-increase": "max-decrease", "max-decrease": "max-increase"}
KINDS = tuple(MIRRORED)
POLICIES = {"pass": 0, "fail": 1, "3": 3}  # the exit code of an inconclusive gate
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
        """Whether the value must stay below the bound."""
        return self.kind in ("max", "max-increase")

    @property
    def flag(self) -> str:
        """The limit as written on the command line."""
        return f"--{self.kind} {self.metric}={self.amount:.12g}{'%' * self.percent}"

    @property
    def weight(self) -> Decimal:
        """The factor of the baseline's value, and so of its error."""
        share = Decimal(repr(self.amount)) / 100 if self.percent else Decimal(0)
        return 1 + share if self.upper else 1 - share

    def bound(self, baseline: float = 0.0) -> Decimal:
        """The largest, or the smallest, value that holds the limit."""
        amount = Decimal(repr(self.amount))
        if not self.relative:
            return amount
        base = Decimal(repr(baseline))
        if self.percent:
            return base * self.weight
        return base + amount if self.upper else base - amount

    def excess(self, value: float, baseline: float = 0.0) -> float:
        """The difference that must be 0 at most, in decimal arithmetic: 0.87 - 0.85 - 0.02 is 0, as it is written.

        >>> Limit("max-decrease", "recall", 0.02).excess(0.85, 0.87), Limit("max", "fid", 25.0).excess(26.5)
        (0.0, 1.5)
        """
        difference = Decimal(repr(value)) - self.bound(baseline)
        return float(difference if self.upper else -difference)


def parse_limit(kind: str, metric: str, amount: object) -> Limit:
    """A limit of an amount: a number, or text such as `25` and, where it is relative to a baseline, `5%`.

    >>> parse_limit("max-increase", "fid", "5%")
    Limit(kind='max-increase', metric='fid', amount=5.0, percent=True)
    """
    text = str(amount).strip()
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    limit = Limit(kind, metric, number, text.endswith("%"))
    if not math.isfinite(number) or (limit.percent and not limit.relative):
        needed = "a number or a percentage, as fid=0.5 or fid=5%" if limit.relative else "a number, as fid=25"
        raise UsageError(f"--{kind} {metric}={text}: needed {needed}")
    return limit


def parse_limits(kind: str, texts: Iterable[str]) -> list[Limit]:
    """The limits of one option, given as `metric=amount` any number of times, each metric once.

    >>> parse_limits("max", ["fid=25", "kid=0.03"])[1].flag
    '--max kid=0.03'
    """
    limits: dict[str, Limit] = {}
    for text in texts:
        metric, equals, amount = (part.strip() for part in text.partition("="))
        if not (metric and equals):
            raise UsageError(f"--{kind} {text}: needed metric=amount, as fid=25")
        if metric in limits:
            raise UsageError(f"--{kind} {text}: found {metric} twice, needed one {kind} for a metric")
        limits[metric] = parse_limit(kind, metric, amount)
    return list(limits.values())


def check_confidence(confidence: float) -> None:
    """UsageError for an impossible one-sided confidence: 0.5 would call every excess a regression, 1 none."""
    if not 0.5 < confidence < 1:
        raise UsageError(f"--confidence {confidence}: needed a number between 0.5 and 1, as 0.95")


@dataclass(frozen=True)
class GateOptions:
    """Limits, the baseline's paths, the one-sided confidence, and what an inconclusive gate is: pass, fail or 3.

    UsageError for a value that the options of the command do not have.
    """

    limits: tuple[Limit, ...] = ()
    baseline: tuple[Path, ...] = ()
    confidence: float = CONFIDENCE
    inconclusive: str = "3"

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.inconclusive not in POLICIES:
            raise unknown("value of --inconclusive", self.inconclusive, POLICIES)

    def with_flags(self, limits: Iterable[Limit]) -> tuple[Limit, ...]:
        """The limits; those of the command line replace entries of the same kind and metric."""
        return tuple({(limit.kind, limit.metric): limit for limit in (*self.limits, *limits)}.values())


def read_limits_file(path: Path) -> GateOptions:
    """A TOML file of limits; a baseline's path is relative to that file. UsageError for anything else in it.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "limits.toml"
    >>> _ = file.write_text("baseline = 'base.json'" + chr(10) + "[max-increase]" + chr(10) + "fid = '5%'")
    >>> content = read_limits_file(file)
    >>> content.limits[0].flag, content.baseline[0].name, content.confidence
    ('--max-increase fid=5%', 'base.json', 0.95)
    """
    try:
        return _content(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as reason:
        raise UsageError(f"--limits {path}: cannot be read ({reason.strerror})") from reason
    except (ValueError, RecursionError) as reason:
        raise UsageError(f"--limits {path}: found no TOML ({reason})") from reason
    except UsageError as reason:
        raise UsageError(f"--limits {path}: {reason}") from reason


def _content(document: Mapping[str, Any], folder: Path) -> GateOptions:
    keys = [*KINDS, "baseline", "confidence", "inconclusive"]
    for key in document:
        if key not in keys:
            raise unknown("key", key, keys)
    limits: list[Limit] = []
    for kind in KINDS:
        table = document.get(kind, {})
        if not isinstance(table, Mapping):
            raise UsageError(f"{kind} = {table!r}: needed a table, [{kind}] and below it lines as fid = 25")
        limits += [parse_limit(kind, metric, amount) for metric, amount in table.items()]
    confidence = document.get("confidence", CONFIDENCE)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        raise UsageError(f"confidence = {confidence!r}: needed a number, as 0.95")
    baseline = document.get("baseline", [])
    paths: list[Any] = baseline if isinstance(baseline, list) else [baseline]
    if not all(isinstance(path, str) and path for path in paths):
        raise UsageError(f"baseline = {baseline!r}: needed the path of a report, or a list of paths")
    policy = str(document.get("inconclusive", "3"))
    return GateOptions(tuple(limits), tuple(folder / path for path in paths), confidence, policy)
