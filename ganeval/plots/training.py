"""FID, precision and recall over training, as the checks of one run measured them."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.losses import mark_steps
from ganeval.plots.theme import MissingData, Plot
from ganeval.plots.training_log import Series, TrainingLog, selection_fid
from ganeval.reports.score_names import fid_heading

FIDS = {"fid": "held-out images", "fid_raw": "held-out, raw weights", "fid_train": "training images"}
SHARES = ("precision", "recall")
COLOURS = {"fid": theme.BLUE, "fid_raw": theme.SKY, "fid_train": theme.VERMILLION}


def training(log: TrainingLog) -> Plot:
    """FID of each check above its floor, and precision and recall below, as far as checks measured them."""
    fids = {name: log.checks[name] for name in FIDS if name in log.checks}
    if "fid" not in fids and (selection := selection_fid(log.report)):
        fids = {"fid": selection}
    shares = {name: log.checks[name] for name in SHARES if name in log.checks}
    if not fids and not shares:
        raise MissingData("no checks in log.jsonl: the run was not scored during training")
    figure = theme.chart((2.5 if fids else 0) + (1.7 if shares else 0) + 0.3)
    count = bool(fids) + bool(shares)
    rows = list(figure.subplots(count, 1, sharex=True, squeeze=False, height_ratios=[2.5, 1.7][-count:])[:, 0])
    heading = fid_heading(log.report.protocol)
    if fids:
        _draw_fids(rows[0], fids, log.checks.get("floor", {}))
        rows[0].set_ylabel(f"{heading} ↓")
    if shares:
        _draw_shares(rows[-1], shares)
    for axes in rows:
        axes.margins(x=0.03)
        mark_steps(axes, log, label=axes is rows[0])
    theme.steps_axis(rows[-1])
    figure.align_ylabels(rows)
    parts = []
    if fid := fids.get("fid"):
        values, best = list(fid.values()), min(fid, key=lambda step: fid[step])
        parts.append(f"{heading} from {values[0]:.3g} to {values[-1]:.3g}, lowest {fid[best]:.3g} at step {best:,}")
    for name, series in shares.items():
        values = list(series.values())
        parts.append(f"{name} from {values[0]:.2f} to {values[-1]:.2f}")
    alt = f"Scores of {log.name} at its checks: {'; '.join(parts)}."
    return Plot("training", "Scores over training", alt, figure)


def _draw_fids(axes: Axes, fids: Mapping[str, Series], floor: Series) -> None:
    handles, labels = [], []
    for number, (name, series) in enumerate(fids.items()):
        handles += axes.plot(
            list(series), list(series.values()), color=COLOURS[name], linestyle=theme.dash(number),
            marker=theme.marker(number), markersize=4 if name == "fid" else 3,
        )  # fmt: skip
        labels.append(FIDS[name])
    if floor:
        handles.append(axes.axhline(list(floor.values())[-1], color=theme.MUTED, linestyle="--", linewidth=1.1))
        labels.append("real images, as many as held-out")
    theme.fid_axis(axes, [value for series in (*fids.values(), floor) for value in series.values()])
    theme.legend_above(axes, handles, labels)


def _draw_shares(axes: Axes, shares: Mapping[str, Series]) -> None:
    handles = []
    for number, series in enumerate(shares.values()):
        style: Any = {"color": (theme.GREEN, theme.PURPLE)[number], "marker": theme.marker(number)}
        handles += axes.plot(list(series), list(series.values()), linestyle=theme.dash(number), markersize=4, **style)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("share ↑")
    theme.legend_above(axes, handles, list(shares))
