"""The log of a trained run: its configuration, its losses and its checks by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from ganeval.errors import ContentError
from ganeval.plots.run_arrays import RETRAIN, files_by_step
from ganeval.plots.theme import MissingData, NotApplicable
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import StoredReport, config_of, is_trained, log_of

Series = dict[int, float]
LARGEST_VALUE = 1e38  # a float32 is no larger, and an axis from -1e308 to 1e308 has no length
STEP_DIGITS = 15
GRID_COLUMNS = 8  # of a grid without classes, or with more than CLASS_COLUMNS of them
CLASS_COLUMNS = 16


@dataclass(frozen=True)
class TrainingLog:
    """A trained run: `request` is its config.json, `terms` and `checks` are the log's numbers by name and step."""

    report: Report
    folder: Path
    request: Mapping[str, Any]
    terms: Mapping[str, Series]
    checks: Mapping[str, Series]
    diverged: int | None

    @property
    def name(self) -> str:
        """The name of the run's samples."""
        return self.report.samples.name

    @property
    def translates(self) -> bool:
        """Whether the model translates between two domains; only such a run has channels of a second one."""
        return bool(self.request["config"].get("other_channels"))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (C, S, S), or (2,) for points in the plane."""
        shape = self.request["config"].get("shape")
        whole = isinstance(shape, list) and all(isinstance(size, int) and size > 0 for size in shape)
        return tuple(shape) if whole and shape else ()

    @property
    def sample_kind(self) -> str:
        """`images` or `points`."""
        return "images" if len(self.shape) == 3 else "points"

    @property
    def classes(self) -> list[str]:
        """The class names of a conditional model, in their order; empty for any other model."""
        count = self.request["config"].get("classes")
        count = count if isinstance(count, int) else 0
        names = self.request.get("classes")
        if names and isinstance(names, list) and len(names) == count:
            return [str(name) for name in names]
        return [str(number) for number in range(count)]

    @property
    def grid_columns(self) -> int:
        """How many images a row of its grids holds."""
        if self.translates:
            return 12
        return len(self.classes) if 0 < len(self.classes) <= CLASS_COLUMNS else GRID_COLUMNS

    @property
    def best_step(self) -> int | None:
        """The step whose checkpoint was scored."""
        step = training_of(self.report).get("best_step")
        return step if isinstance(step, int) else None

    def files(self, pattern: str) -> dict[int, Path]:
        """The files that checks stored, by step; MissingData where there are none."""
        files = files_by_step(self.folder, pattern)
        if not files:
            raise MissingData(f"no {pattern}: {RETRAIN}")
        return files

    def domains(self) -> tuple[str, str]:
        """The names of the two domains of a translation: the first report is of A to B."""
        names = load_report(self.folder).samples.name.rpartition(" ")[2].split("→")
        return (names[0], names[1]) if len(names) == 2 else ("A", "B")


def training_of(report: Report) -> Mapping[str, Any]:
    """What a report holds about the training of its run; empty where it is of no reference model."""
    training = report.more.get("training")
    return training if isinstance(training, Mapping) else {}


def training_log_of(run: StoredReport) -> TrainingLog:
    """The log of a trained run. NotApplicable for a run that was only scored, ContentError for a broken config.json."""
    folder = run.folder
    if folder is None or not is_trained(folder):
        raise NotApplicable("the run was scored, not trained here")
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
    return TrainingLog(run.report, folder, config_of(folder), _sorted(terms), _sorted(checks), diverged)


def selection_fid(report: Report) -> Series:
    """FID by step as the report holds it, without what is no number: for a report whose run folder is elsewhere."""
    record = training_of(report).get("selection_fid")
    numbers = record.items() if isinstance(record, Mapping) else ()
    steps = {step: value for step, value in numbers if step.isdecimal() and len(step) <= STEP_DIGITS}
    return {int(step): float(steps[step]) for step in sorted(steps, key=int) if _is_number(steps[step])}


def fid_by_step(run: StoredReport) -> Series:
    """FID by step as the log has it, else as the report holds it."""
    try:
        fids = training_log_of(run).checks.get("fid")
    except ContentError:
        fids = None
    return fids or selection_fid(run.report)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_VALUE  # not NaN


def _add(series: dict[str, Series], step: int, record: Mapping[str, Any]) -> None:
    """Add the numbers of a line; where a run was resumed, the later line of a step counts."""
    for name, value in record.items():
        if _is_number(value):
            series.setdefault(name, {})[step] = float(value)


def _sorted(series: Mapping[str, Series]) -> dict[str, Series]:
    return {name: dict(sorted(values.items())) for name, values in series.items()}
