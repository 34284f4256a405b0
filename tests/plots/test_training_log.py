"""The log of a run: series by step, and what is no number."""

import json
from dataclasses import replace

import pytest
from example_runs import report_on

from ganeval.plots.training_log import selection_fid, training_log_of


def test_a_resumed_run_keeps_the_later_line_of_a_step_and_ignores_what_is_no_number(make_run):
    run = make_run()
    lines = [
        {"step": 10, "d/loss": 77.0},
        {"step": 5, "d/loss": 66.0},
        {"step": 20, "d/loss": None, "g/loss": True},
        {"step": "x", "d/loss": 1.0},
        {"step": 310, "diverged": "the loss is nan", "last_good": 300},
    ]
    with (run.folder / "log.jsonl").open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.write('{"step": 30, "d/loss": NaN}\n{"step": 40, "d/lo')
    log = training_log_of(run)
    assert list(log.terms["d/loss"])[:4] == [5, 10, 20, 30]
    assert list(log.terms["d/loss"].values())[:4] == [66.0, 77.0, 10 / 20, 10 / 30]
    assert log.terms["g/loss"][20] == 1.0
    assert log.diverged == 310
    assert log.checks["fid"] == {100: 4.0, 200: 1.5, 300: 2.0}
    assert selection_fid(run.report) == log.checks["fid"]


@pytest.mark.parametrize(
    ("config", "names", "columns", "classes"),
    [
        ({"classes": 0}, ["0", "1"], 8, []),
        ({"classes": 3}, ["x", "y", "z"], 3, ["x", "y", "z"]),
        ({"classes": 3}, None, 3, ["0", "1", "2"]),
        ({"classes": 20}, None, 8, [str(number) for number in range(20)]),
        ({"model": "cyclegan", "shape": [1, 16, 16]}, ["0", "1"], 12, []),
    ],
)
def test_a_training_log_knows_the_columns_of_its_grids(make_run, config, names, columns, classes):
    log = training_log_of(make_run(names=names, **config))
    assert (log.grid_columns, log.classes) == (columns, classes)
    assert log.domains() == (("digit", "outline") if log.translates else ("A", "B"))


def test_numbers_that_no_axis_can_show_are_ignored(make_run):
    run = make_run()
    lines = [
        '{"step": 15, "d/loss": 1e308}',
        f'{{"step": 25, "g/loss": 1{"0" * 400}}}',
        f'{{"step": 1{"0" * 400}, "d/loss": 1}}',
    ]
    lines += ['{"step": -5, "d/loss": 1}', '{"step": 35, "check": {"fid": -1e308}}', '{"step": true, "d/loss": 1}']
    with (run.folder / "log.jsonl").open("a") as file:
        file.write("\n".join(lines) + "\n")
    log = training_log_of(run)
    assert list(log.terms["d/loss"]) == list(log.terms["g/loss"]) == list(range(10, 301, 10))
    assert log.checks["fid"] == {100: 4.0, 200: 1.5, 300: 2.0}


def test_a_reports_own_fid_over_training_is_read_as_far_as_it_is_numbers():
    kept = {"100": 4.0, "x": 1.0, "200": None, "300": "2", "400": float("nan"), "500": 10**400, "50": 9, "-1": 3.0}
    report = replace(report_on("a"), more={"training": {"selection_fid": kept}})
    assert selection_fid(report) == {50: 9.0, 100: 4.0}
    assert selection_fid(replace(report, more={"training": {"selection_fid": [1]}})) == {}
