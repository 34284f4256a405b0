"""FID, precision and recall over training, as the checks of one run measured them."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from ganeval.plots import theme
from ganeval.plots.losses import mark_steps
from ganeval.plots.theme import Absent, Plot
from ganeval.plots.training_log import History, Series, selection_fid
from ganeval.reports.report import Report
from ganeval.reports.score_names import fid_heading

NAME = "training"
TITLE = "Scores over training"
FIDS = {"fid": "held-out pictures", "fid_raw": "held-out, raw weights", "fid_train": "training pictures"}
STEEP = 8  # times the lowest FID, from which its axis is logarithmic
SHARES = {"precision": "precision", "recall": "recall"}
COLOURS = {"fid": theme.BLUE, "fid_raw": theme.SKY, "fid_train": theme.VERMILLION}


def training(history: History) -> Plot:
    """FID of each check over its floor, and precision and recall below, each as far as checks measured it."""
    fids = {name: history.checks[name] for name in FIDS if name in history.checks}
    if "fid" not in fids and (kept := selection_fid(history.report)):
        fids = {"fid": kept}
    shares = {name: history.checks[name] for name in SHARES if name in history.checks}
    if not fids and not shares:
        raise Absent("no checks in log.jsonl: this run was not scored while it trained")
    figure = theme.chart((2.5 if fids else 0) + (1.7 if shares else 0) + 0.3)
    count = bool(fids) + bool(shares)
    rows = list(figure.subplots(count, 1, sharex=True, squeeze=False, height_ratios=[2.5, 1.7][-count:])[:, 0])
    if fids:
        _fids(rows[0], history, fids)
    if shares:
        _shares(rows[-1], shares)
    for axes in rows:
        axes.margins(x=0.03)
        mark_steps(axes, history, named=axes is rows[0])
    theme.steps_axis(rows[-1])
    figure.align_ylabels(rows)
    return Plot(NAME, TITLE, _alt(history, fids, shares), figure)


def _fids(axes: Axes, history: History, fids: Mapping[str, Series]) -> None:
    handles, labels = [], []
    for number, (name, series) in enumerate(fids.items()):
        (line,) = axes.plot(
            list(series), list(series.values()), color=COLOURS[name], linestyle=theme.dash(number),
            marker=theme.marker(number), markersize=4 if name == "fid" else 3,
        )  # fmt: skip
        handles.append(line)
        labels.append(FIDS[name])
    floor = history.checks.get("floor")
    if floor:
        handles.append(axes.axhline(list(floor.values())[-1], color=theme.MUTED, linestyle="--", linewidth=1.1))
        labels.append("real pictures, as many as held out")
    axes.set_ylabel(f"{_fid_of(history.report)} ↓")
    values = [value for series in (*fids.values(), floor or {}) for value in series.values()]
    if theme.wide(values, STEEP):
        theme.logarithmic(axes, "y")
    else:
        axes.set_ylim(bottom=min(0.0, *values))
    theme.legend_above(axes, handles, labels)


def _shares(axes: Axes, shares: Mapping[str, Series]) -> None:
    handles = []
    for number, series in enumerate(shares.values()):
        look: Any = {"color": (theme.GREEN, theme.PURPLE)[number], "marker": theme.marker(number)}
        handles += axes.plot(list(series), list(series.values()), linestyle=theme.dash(number), markersize=4, **look)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("share ↑")
    theme.legend_above(axes, handles, [SHARES[name] for name in shares])


def _fid_of(report: Report) -> str:
    return fid_heading(report.protocol)


def _alt(history: History, fids: Mapping[str, Series], shares: Mapping[str, Series]) -> str:
    told = []
    if fid := fids.get("fid"):
        best = min(fid, key=lambda step: fid[step])
        ends = f"from {_first(fid):.3g} to {_last(fid):.3g}, lowest {fid[best]:.3g} at step {best:,}"
        told.append(f"{_fid_of(history.report)} {ends}")
    told += [f"{SHARES[name]} from {_first(series):.2f} to {_last(series):.2f}" for name, series in shares.items()]
    return f"Scores of {history.report.samples.name} at its checks: {'; '.join(told)}."


def _first(series: Series) -> float:
    return next(iter(series.values()))


def _last(series: Series) -> float:
    return list(series.values())[-1]
