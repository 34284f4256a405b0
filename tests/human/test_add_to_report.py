"""The score `human_error_rate` in a report."""

import json
import statistics

import human_answers
import pytest
from human_answers import PLAN, report_on, wilson

from ganeval.human.add_to_report import score_of
from ganeval.human.plan import SetIdentity
from ganeval.human.tally import tally
from ganeval.reports.report import Report, load_report
from ganeval.reports.run_folders import write_run


def test_the_report_gets_the_score_and_nothing_else_changes(run, tmp_path, answers):
    folder = tmp_path / "läufe 数字"
    write_run(folder, report_on(), {})
    before = json.loads((folder / "report.json").read_text("utf-8"))
    found = run("human", "tally", answers, "--report", folder)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.splitlines()[-1] == f"{folder}/report.json: a: human_error_rate 37.5 %"
    after = json.loads((folder / "report.json").read_text("utf-8"))
    score = after["scores"].pop("human_error_rate")
    assert json.dumps(after) == json.dumps(before)  # the order of keys too
    low, high = wilson(3, 8, 1.0)
    assert score.pop("interval") == pytest.approx(wilson(3, 8), abs=1e-12)
    assert [score.pop(key) for key in ("error", "error_samples")] == [pytest.approx((high - low) / 2)] * 2
    assert score == {
        "value": 0.375, "better": "higher", "confidence": 0.95, "answers": 8, "people": 1, "fakes_as_real": 0.25,
        "reals_as_fake": 0.5, "median_ms": 500.0, "seconds": 1.0, "test": PLAN.id, "real_pictures": "b",
    }  # fmt: skip
    assert load_report(folder).scores["human_error_rate"].more["people"] == 1


def test_a_later_tally_replaces_the_earlier_one(run, tmp_path, answers):
    write_run(tmp_path / "run", report_on(), {})
    run("human", "tally", answers, "--report", tmp_path / "run")
    more = human_answers.write_answers(tmp_path / "more.json", PLAN, human_answers.right(PLAN), "Ben")
    found = run("human", "tally", answers, more, "--report", tmp_path / "run" / "report.json")
    assert "human_error_rate 18.8 % (was 37.5 %)" in found.stdout
    score = load_report(tmp_path / "run").scores["human_error_rate"]
    assert (score.value, score.more["people"]) == (3 / 16, 2)
    assert score.more["std_people"] == pytest.approx(statistics.stdev([0, 3 / 8]))


def test_of_several_reports_those_on_the_samples_get_the_score(run, tmp_path, answers):
    other = report_on(samples=SetIdentity("other", 10, "sha256:dd"))
    write_run(tmp_path / "run", other, {})
    (tmp_path / "run" / "report-back.json").write_text(report_on().to_json())
    assert run("human", "tally", answers, "--report", tmp_path / "run").exit_code == 0
    assert "human_error_rate" not in load_report(tmp_path / "run").scores
    assert "human_error_rate" in load_report(tmp_path / "run" / "report-back.json").scores
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([other.to_dict(), report_on().to_dict()]))
    assert run("human", "tally", answers, "--report", listed).exit_code == 0
    assert ["human_error_rate" in one["scores"] for one in json.loads(listed.read_text())] == [False, True]


def test_another_reference_is_reported_and_other_samples_are_refused(run, tmp_path, answers):
    write_run(tmp_path / "run", report_on(reference=SetIdentity("train", 90, "sha256:ee")), {})
    found = run("human", "tally", answers, "--report", tmp_path / "run")
    assert found.stdout.endswith("the real images were of b, the report's reference is train\n")
    write_run(tmp_path / "run", report_on(samples=SetIdentity("other", 10, "sha256:dd")), {})
    before = (tmp_path / "run" / "report.json").read_bytes()
    found = run("human", "tally", answers, "--report", tmp_path / "run")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "is on other (dd), the answers are on a (aa, 10 images); needed a report on the same" in found.stderr
    assert (tmp_path / "run" / "report.json").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["config.json", "report.json"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "found no JSON ("),
        ("{}", "found no ganeval report, needed JSON with the keys 'schema' and 'scores'"),
        (report_on().to_json().replace("1.5", "NaN"), "NaN"),
        (report_on().to_json().replace('"ü": null', '"ü": NaN'), "holds NaN or infinity"),
    ],
)
def test_a_broken_report_is_left_unchanged(run, tmp_path, answers, text, reason):
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    found = run("human", "tally", answers, "--report", path)
    assert found.exit_code == 1
    assert reason in found.stderr
    assert path.read_text("utf-8") == text


def test_an_unfinished_run_is_refused(run, tmp_path, answers):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text('{"ganeval": "0.1.0", "config": {"steps": 100}}')
    found = run("human", "tally", answers, "--report", folder)
    assert (found.exit_code, "unfinished" in found.stderr) == (1, True)


def test_the_score_of_a_tally_is_a_report_score(tmp_path, answers):
    document = report_on().to_dict()
    document["scores"]["human_error_rate"] = score_of(tally([answers]))
    assert (
        Report.from_dict(json.loads(json.dumps(document, allow_nan=False))).scores["human_error_rate"].better
        == "higher"
    )
