"""Plots of several runs: FID, precision and recall, FID over training."""

import json
from dataclasses import replace

import numpy as np
import pytest
from example_plots import example_rows, group_plots
from example_runs import report_on

from ganeval.comparison import compare
from ganeval.plots import draw_group, draw_run
from ganeval.reports.report import Score
from ganeval.reports.run_folders import StoredReport


@pytest.mark.slow
def test_error_bars_are_as_long_as_the_errors():
    plots = group_plots(example_rows())
    reaches = {}
    for name in ("fid", "precision-recall"):
        bars = [lines.get_segments()[0] for lines in plots[name].figure.axes[0].collections]
        reaches[name] = {tuple(np.ptp(bar, axis=0).round(6)) for bar in bars}
    assert (0.2, 0.0) in reaches["fid"]
    assert {(0.06, 0.0), (0.0, 0.04)} <= reaches["precision-recall"]  # recall ± 0.03 across, precision ± 0.02 up
    assert reaches["precision-recall"] == {(0.06, 0.0), (0.0, 0.04), (0.02, 0.0), (0.0, 0.02)}
    report = report_on("a")
    (plot,) = draw_run(StoredReport(report, None), ["modes"]).plots
    bars = plot.figure.axes[0].collections[0].get_segments()
    assert np.ptp(bars[0], axis=0)[1] == pytest.approx(2 * (0.5 * 0.5 / 100) ** 0.5)


def test_fid_dots_are_in_order_with_their_numbers_beside_them():
    axes = group_plots(example_rows())["fid"].figure.axes[0]
    assert [text.get_text() for text in axes.texts] == [
        "0.10 ±0.10",
        "0.50 ±0.10",
        "1.00 ±0.10",
        "2.00 ±0.10",
        "90.00 ±0.10",
    ]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "real (train) (yardstick)"
    assert labels[-1] == "noise (yardstick)"
    low, high = axes.get_xlim()
    assert 0 < low < 0.1
    assert high > 90


def test_points_of_precision_and_recall_are_where_the_scores_are_and_noise_is_named():
    plot = group_plots(example_rows())["precision-recall"]
    axes = plot.figure.axes[0]
    points = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() not in ("", "None")
    ]
    assert points.count((0.7, 0.8)) == 4
    assert axes.get_xlim()[0] > 0.5
    labels = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert labels[-1] == "noise, off: recall 0.10, precision 0.01"


@pytest.mark.slow
def test_fid_over_training_needs_reports_alone_and_a_log_is_finer(make_run):
    (axes,) = group_plots(example_rows())["fid-over-training"].figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) > 1]
    assert [list(line.get_ydata()) for line in lines] == 3 * [[9.0, 1.5, 2.0]]
    run = make_run()
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps({"step": 400, "check": {"fid": 0.7}}) + "\n")
    (group,) = compare([run]).groups
    line = group_plots(group.rows)["fid-over-training"].figure.axes[0].lines[0]
    assert list(line.get_ydata()) == [4.0, 1.5, 2.0, 0.7]


def test_seeds_of_one_model_are_one_line_of_the_table_and_each_is_shown():
    reports = [report_on(f"mine-s{seed}", fid) for seed, fid in enumerate((1.0, 2.0, 3.0))]
    (group,) = compare(reports, group=True).groups
    plots = group_plots(group.rows)
    axes = plots["fid"].figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["2.0 ±1.0"]
    assert [
        list(line.get_xdata()) for line in axes.lines if line.get_marker() == "|" and len(line.get_xdata()) == 3
    ] == [[1.0, 2.0, 3.0]]
    assert "over seeds" in axes.get_xlabel()
    assert "one standard error" not in plots["precision-recall"].alt  # of seeds it is their deviation


def test_fid_over_training_counts_runs_and_not_models():
    training = {"best_step": 200, "selection_fid": {"100": 9.0, "200": 1.5}, "config": {}}
    reports = [replace(report_on(f"mine-s{seed}", 1.0 + seed), more={"training": training}) for seed in range(3)]
    (group,) = compare(reports, group=True).groups
    plots = group_plots(group.rows)
    assert plots["fid-over-training"].alt.startswith("FID by training step, of 3 runs;")


def test_an_unknown_error_is_no_error_bar_and_noise_alone_is_drawn():
    noise = {"precision": Score(0.0, "higher"), "recall": Score(0.1, "higher"), "fid": Score(90.0, "lower")}
    report = replace(report_on("noise"), scores=noise)
    (group,) = compare([report, replace(report, created="later")]).groups
    plots = group_plots(group.rows)
    assert plots["precision-recall"].figure.axes[0].get_xlim()[0] == 0.0
    axes = plots["fid"].figure.axes[0]
    assert not axes.collections
    assert axes.texts[0].get_text() == "90"


def test_a_description_lists_a_few_runs_and_counts_the_others():
    (group,) = compare([report_on(f"mine-{number:02}", 1.0 + number) for number in range(12)]).groups
    for plot in draw_group(group.rows):
        assert "mine-07" in plot.alt, plot.name
        assert "mine-08" not in plot.alt, plot.name
        assert plot.alt.endswith("; and 4 more."), plot.name
    (group,) = compare([report_on(f"mine-{number:02}") for number in range(9)]).groups
    assert all("mine-08" in plot.alt for plot in draw_group(group.rows))  # one more is not left to guess


def test_runs_without_scores_give_no_group_plots():
    bare = report_on("a")
    bare = replace(bare, scores={"kid": Score(0.1, "lower")})
    (group,) = compare([bare], sort="kid").groups
    assert draw_group(group.rows) == []
