"""What a scoring run leaves behind: every score with its error bar, and all that is needed to repeat it.

Frozen dataclasses that mirror the JSON file (schema 1). Needs no torch: tables, gates and plots read reports anywhere.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Self, TypeVar, get_args, get_origin

from ganeval.errors import ContentError
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL

SCHEMA = 1
OPTIONAL = {"precision_effect", "error_samples", "std", "raw", "whole", "total"}  # written only where they apply
LARGEST = 1e150  # what lies beyond has no square in floats
MANY = 10**12  # images: more than anybody generates
Part = TypeVar("Part")


@dataclass(frozen=True)
class Score:
    """One number. `error`: one standard error over new draws of both sets; `error_samples`: its part from the samples.

    `std`: the spread that papers print (IS over splits, KID over subsets); `raw`: before clamping; `whole`: unsplit;
    `total`: what a count is out of; `better`: "lower" or "higher".
    """

    value: float
    better: str
    error: float | None = None
    error_samples: float | None = None
    std: float | None = None
    raw: float | None = None
    whole: float | None = None
    total: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageSet:
    """What was scored: how many images, which ones, and what became of those that are not plain 8-bit RGB.

    `shape` is None where sizes are mixed; `fingerprint` is that of a statistics file's numbers where it names
    no images.
    """

    name: str
    source: str
    count: int | None
    fingerprint: str | None = None
    shape: tuple[int, int, int] | None = None
    formats: Mapping[str, int] = field(default_factory=dict)
    converted: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    duplicates: int | None = 0
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a number besides the images. Two reports compare only where these agree.

    But for `precision_effect`, which says what `precision` has done: how much higher FID is than in float32.
    """

    name: str
    extractor: str
    layer: str
    weights: str
    weights_sha256: str | None
    resize: str
    covariance: str = "n-1"
    seed: int = 2020
    k_precision_recall: int = K_PRECISION_RECALL
    k_density_coverage: int = K_DENSITY_COVERAGE
    precision: str = "float32"
    decoder: str = "pillow"
    precision_effect: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The protocol in one line, for tables and captions.

        >>> Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear").line()
        'tf1: inception 2048 (published weights 67), tf1-bilinear, float32, seed 2020, k 3 and 5'
        """
        sha = f" {self.weights_sha256[:8]}" if self.weights_sha256 else ""
        network = f"{self.extractor} {self.layer} ({self.weights} weights{sha})"
        neighbours = f"k {self.k_precision_recall} and {self.k_density_coverage}"
        effect = "" if self.precision_effect is None else f" (FID {self.precision_effect:+.2g} against float32)"
        return f"{self.name}: {network}, {self.resize}, {self.precision}{effect}, seed {self.seed}, {neighbours}"


@dataclass(frozen=True)
class Report:
    """One scored set. `load_report` reads it back."""

    ganeval: str
    created: str
    samples: ImageSet
    reference: ImageSet
    protocol: Protocol
    scores: Mapping[str, Score]
    warnings: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA
    more: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, with the keys of later versions as they were read."""
        parts = {
            "samples": _document(self.samples),
            "reference": _document(self.reference),
            "protocol": _document(self.protocol),
            "scores": {name: _document(score) for name, score in self.scores.items()},
            "warnings": list(self.warnings),
            "environment": dict(self.environment),
        }
        return {"schema": self.schema, "ganeval": self.ganeval, "created": self.created, **parts, **self.more}

    def to_json(self) -> str:
        """The report file's text: JSON, never NaN."""
        return dump(self.to_dict())

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], where: str = "report") -> Self:
        """The report in a JSON document. ContentError where it is none, or lacks something."""
        if not isinstance(document, Mapping) or "schema" not in document or "scores" not in document:
            raise ContentError(f"{where}: found no ganeval report, needed JSON with the keys 'schema' and 'scores'")
        if type(document["schema"]) is not int or document["schema"] < 1:
            raise ContentError(
                f"{where}: found schema {document['schema']!r}, needed 1 or later; score the images anew"
            )
        try:
            own = {
                "samples": _read(ImageSet, document.get("samples"), "samples"),
                "reference": _read(ImageSet, document.get("reference"), "reference"),
                "protocol": _read(Protocol, document.get("protocol"), "protocol"),
                "scores": {
                    name: _read(Score, score, f"score {name}")
                    for name, score in _object(document["scores"], "scores").items()
                },
            }
            return _read(cls, {**document, **own}, "report")
        except ValueError as reason:
            raise ContentError(f"{where}: not a whole ganeval report: {reason}") from reason


def load_report(path: str | Path) -> Report:
    """The report in a file, or in a run folder that holds `report.json`.

    Raises ContentError where the file is missing, is not JSON, is not a report, or holds several.
    """
    reports = load_reports(path)
    if len(reports) != 1:
        found = f"found a list of {len(reports)} reports"
        raise ContentError(f"{_file_of(path)}: {found}, needed one; `load_reports` reads them all")
    return reports[0]


def load_reports(path: str | Path) -> list[Report]:
    """The reports in a file, several where `ganeval score` wrote a list of them, or the one in a run folder.

    Raises ContentError where the file is missing, is not JSON, or holds anything but reports.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> protocol = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
    >>> digits = ImageSet("digits", "digits", 500)
    >>> report = Report("0.1.0", "2026-01-31T12:00:00Z", digits, digits, protocol, {"fid": Score(0.0, "lower")})
    >>> _ = (folder / "two.json").write_text(dump([report.to_dict(), report.to_dict()]))
    >>> [report.scores["fid"].value for report in load_reports(folder / "two.json")]
    [0.0, 0.0]
    """
    file = _file_of(path)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as reason:
        raise ContentError(f"{file}: cannot be read ({reason.strerror}); needed a report.json") from reason
    except (ValueError, RecursionError) as reason:
        raise ContentError(f"{file}: found no JSON ({reason}); needed a ganeval report") from reason
    if document == []:
        raise ContentError(f"{file}: found an empty list, needed a ganeval report")
    if not isinstance(document, list):
        return [Report.from_dict(document, str(file))]
    return [Report.from_dict(part, f"{file}, report {number}") for number, part in enumerate(document, 1)]


def _file_of(path: str | Path) -> Path:
    return Path(path) / "report.json" if Path(path).is_dir() else Path(path)


def dump(document: Any) -> str:
    """JSON text as all our files have it: indented, unicode as it is, and never NaN.

    Bytes of a file's name that are no UTF-8 come back from it as they were.
    """
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace").decode()


def is_number(value: object) -> bool:
    """Whether a value may be reckoned with: neither NaN nor infinite, and its square a float.

    >>> is_number(28.9), is_number(math.nan), is_number(1e200), is_number(None)
    (True, False, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def check_finite(name: str, score: Score) -> None:
    """ContentError for a score that is not a number, error bar and all: it must never reach a report."""
    numbers = (score.value, score.error, score.error_samples, score.std, score.raw, score.whole)
    for number in numbers:
        if number is not None and not math.isfinite(number):
            raise ContentError(f"{name}: came out as {number}, which is no score; the features are at fault")


def _document(part: ImageSet | Protocol | Score) -> dict[str, Any]:
    """A part as JSON has it: in a score the direction comes last, then the keys of later versions."""
    document = asdict(part)
    more = document.pop("more")
    if isinstance(part, Score):
        document["better"] = document.pop("better")
    return {**{key: value for key, value in document.items() if value is not None or key not in OPTIONAL}, **more}


def _read(kind: Callable[..., Part], document: Any, what: str) -> Part:
    """A dataclass from a mapping; keys it does not know go into `more`. ValueError for one it lacks or cannot hold."""
    document = _object(document, what)
    known = {item.name: item for item in fields(kind) if item.name != "more"}  # type: ignore[arg-type]
    needed = [name for name, item in known.items() if item.default is MISSING and item.default_factory is MISSING]
    if lacking := [name for name in needed if name not in document]:
        raise ValueError(f"{what} lacks {', '.join(lacking)}")
    own = {key: value for key, value in document.items() if key in known}
    for key, value in own.items():
        types = get_args(known[key].type) if isinstance(known[key].type, UnionType) else (known[key].type,)
        needed_text, is_valid = VALUES.get(key) or TYPES.get(get_origin(types[0]) or types[0], ANY)
        if not is_valid(value) and not (value is None and NoneType in types):
            raise ValueError(f"{what} has the {key} {value!r}"[:80] + f", needed {needed_text}")
        own[key] = tuple(value) if isinstance(value, list) else value
    return kind(**own, more={key: value for key, value in document.items() if key not in known})


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is {json.dumps(value)[:40]}, needed an object")
    return value


Check = tuple[str, Callable[[Any], bool]]  # what a value must be, and whether it is
TYPES: dict[Any, Check] = {  # of a field, whatever its name
    str: ("a text", lambda value: isinstance(value, str)),
    int: ("a whole number", lambda value: type(value) is int),
    # NaN and infinity are each reader's to refuse
    float: ("a number", lambda value: isinstance(value, float) or (type(value) is int and abs(value) < LARGEST)),
    tuple: ("a list", lambda value: isinstance(value, list | tuple)),
    Mapping: ("an object", lambda value: isinstance(value, Mapping)),
}
VALUES: dict[str, Check] = {  # of a field by its name
    "count": ("a number of images", lambda value: type(value) is int and 0 <= value < MANY),
    "better": ("lower or higher", lambda value: value in ("lower", "higher")),
    "precision_effect": ("a number", is_number),
}
ANY: Check = ("", lambda _: True)
