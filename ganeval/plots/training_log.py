"""What a trained run has left behind: its configuration, its losses and its checks, by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from ganeval.plots.theme import OutOfPlace
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import StoredReport, config_of, is_trained, log_of

Series = dict[int, float]
LARGEST = 1e38  # of what is logged: a float32 is no larger, and an axis from -1e308 to 1e308 has no length
DIGITS = 15  # of a step
PLAIN = 8  # columns of a grid of samples without classes, or of more than MOST of them
MOST = 16


@dataclass(frozen=True)
class History:
    """A trained run: `asked` is its config.json, `terms` and `checks` are its log's numbers by name and step."""

    report: Report
    folder: Path
    asked: Mapping[str, Any]
    terms: Mapping[str, Series]
    checks: Mapping[str, Series]
    diverged: int | None

    @property
    def model(self) -> str:
        """`dcgan` and so on."""
        return str(self.asked["config"].get("model", ""))

    @property
    def translates(self) -> bool:
        """Whether it turns pictures into pictures: it has two generators, two critics and no latent."""
        return self.model == "cyclegan"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (C, S, S), or (2,) for points in the plane."""
        shape = self.asked["config"].get("shape")
        whole = isinstance(shape, list) and all(isinstance(one, int) and one > 0 for one in shape)
        return tuple(shape) if whole and shape else ()

    @property
    def plane(self) -> bool:
        """Whether its data are points in the plane."""
        return self.shape == (2,)

    @property
    def things(self) -> str:
        """What its data are, in one word."""
        return "pictures" if len(self.shape) == 3 else "points"

    @property
    def classes(self) -> list[str]:
        """The names of a conditional model's classes, in their order; empty for any other model."""
        count = self.asked["config"].get("classes")
        count = count if isinstance(count, int) else 0
        names = self.asked.get("classes")
        known = isinstance(names, list) and len(names) == count
        return [str(one) for one in names] if known and names else [str(number) for number in range(count)]

    @property
    def columns(self) -> int:
        """Of its grids."""
        if self.translates:
            return 12
        return len(self.classes) if 0 < len(self.classes) <= MOST else PLAIN

    @property
    def best_step(self) -> int | None:
        """The step whose checkpoint was scored."""
        step = training_of(self.report).get("best_step")
        return step if isinstance(step, int) else None

    def domains(self) -> tuple[str, str]:
        """What a translating run calls its two sets of pictures: its first report is of A to B."""
        names = load_report(self.folder).samples.name.rpartition(" ")[2].split("→")
        return (names[0], names[1]) if len(names) == 2 else ("A", "B")


def training_of(report: Report) -> Mapping[str, Any]:
    """What a report says of its run's training; empty where it is of no reference model."""
    training = report.more.get("training")
    return training if isinstance(training, Mapping) else {}


def history_of(found: StoredReport) -> History:
    """A trained run's history. OutOfPlace for what was only scored, ContentError for a config.json that is broken."""
    folder = found.folder
    if folder is None or not is_trained(folder):
        raise OutOfPlace("was scored, not trained here")
    terms: dict[str, Series] = {}
    checks: dict[str, Series] = {}
    diverged = None
    for record in log_of(folder):
        step = record.get("step")
        if not _is_number(step) or not isinstance(step, int) or step < 0:
            continue
        if "diverged" in record:
            diverged = step
        check = record.get("check")
        _add(checks, step, check if isinstance(check, Mapping) else {})
        _add(terms, step, {name: value for name, value in record.items() if "/" in name})
    asked = config_of(folder)
    return History(found.report, folder, asked, _sorted(terms), _sorted(checks), diverged)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST  # NaN is not


def _add(series: dict[str, Series], step: int, record: Mapping[str, Any]) -> None:
    """The numbers of a line; where a run was resumed, the later line of a step stands."""
    for name, value in record.items():
        if _is_number(value):
            series.setdefault(name, {})[step] = float(value)


def _sorted(series: Mapping[str, Series]) -> dict[str, Series]:
    return {name: dict(sorted(values.items())) for name, values in series.items()}


def selection_fid(report: Report) -> Series:
    """FID by step as the report keeps it, what is no number passed over: enough where the run's folder is elsewhere."""
    kept = training_of(report).get("selection_fid")
    known: dict[str, Series] = {}
    for step, value in kept.items() if isinstance(kept, Mapping) else ():
        if step.isdecimal() and len(step) <= DIGITS:
            _add(known, int(step), {"fid": value})
    return _sorted(known).get("fid", {})
