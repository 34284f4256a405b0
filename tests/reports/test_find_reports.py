"""Reports in run folders, files and folders of runs: each once, and a line for each that is left out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from example_reports import as_run, scored

from ganeval.errors import ContentError, UsageError
from ganeval.reports.run_folders import find_reports, why_no_report


def found_in(*paths):
    return [(stored.report.samples.name, stored.folder) for stored in find_reports(paths)[0]]


@pytest.fixture
def results(tmp_path):
    """A folder with the two runs `a` and `b`."""
    for name, fid in (("a", 1.0), ("b", 2.0)):
        as_run(scored(name, fid), tmp_path / "results" / name)
    return tmp_path / "results"


def begun(folder, steps=600, lines=()):
    """A run that has begun: its configuration and its log, but no report."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"ganeval": "0.1.0", "config": {"model": "dcgan", "steps": steps}}))
    (folder / "log.jsonl").write_text("".join(line + "\n" for line in lines))
    return folder


def locked(monkeypatch, folder):
    """As a folder that may not be entered is to anybody but root, whom tests often run as."""
    monkeypatch.setattr("ganeval.reports.run_folders.os.access", lambda path, mode: Path(path) != folder)


def test_a_locked_run_is_listed_and_the_others_are_read(results, monkeypatch):
    locked(monkeypatch, results / "a")
    reports, omissions = find_reports([results])
    assert [stored.folder for stored in reports] == [results / "b"]
    assert omissions == [f"left out: {results / 'a'}: cannot be read (Permission denied)"]
    with pytest.raises(UsageError) as caught:
        find_reports([results / "a"])
    needed = "needed a run, a report file or a folder of runs"
    assert str(caught.value) == f"{results / 'a'}: cannot be read (Permission denied); {needed}"


# what is found


def test_runs_files_and_folders_of_runs_keep_their_order(results, tmp_path):
    file = tmp_path / "list.json"
    file.write_text(json.dumps([scored("x", 1.0).to_dict(), scored("y", 2.0).to_dict()]))
    assert found_in(results) == [("a", results / "a"), ("b", results / "b")]
    assert found_in(results / "b", results / "a" / "report.json") == [("b", results / "b"), ("a", results / "a")]
    assert found_in(file, results / "a") == [("x", None), ("y", None), ("a", results / "a")]


def test_duplicate_paths_and_links_are_read_once(results, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(results / "a")
    (tmp_path / "all").symlink_to(results)
    (results / "c").symlink_to(results / "a")
    given = [results / "a", results / "a" / "report.json", link, results, tmp_path / "all", results / "a" / ".." / "a"]
    assert found_in(*given) == [("a", results / "a"), ("b", results / "b")]
    assert found_in(link, results / "a") == [("a", link)]


def test_a_translations_run_has_two_reports_of_one_folder(results):
    (results / "a" / "report-back.json").write_text(scored("a back", 3.0).to_json())
    assert found_in(results / "a") == [("a", results / "a"), ("a back", results / "a")]
    assert found_in(results / "a" / "report-back.json") == [("a back", results / "a")]


def test_names_of_any_script_and_with_spaces_are_read(tmp_path):
    run = as_run(scored("läufe 数字 🎨", 1.0), tmp_path / "läufe" / "ein lauf 数字")
    assert found_in(tmp_path / "läufe") == [("läufe 数字 🎨", run)]


def test_other_folders_and_files_beside_runs_are_skipped(results):
    (results / "README.md").write_text("# mine")
    (results / "figures").mkdir()
    (results / "theirs").mkdir()
    (results / "theirs" / "config.json").write_text('{"model_type": "unet"}')
    assert [name for name, _ in found_in(results)] == ["a", "b"]
    assert find_reports([results])[1] == []


# what is not there


def test_a_missing_path_is_one_line(tmp_path):
    with pytest.raises(UsageError) as caught:
        find_reports([tmp_path / "gone"])
    assert str(caught.value) == (
        f"{tmp_path / 'gone'}: no such file or folder; needed a run, a report file or a folder of runs"
    )


def test_a_folder_without_runs_names_folders_that_have_some(results, tmp_path):
    with pytest.raises(UsageError) as caught:
        find_reports([tmp_path])
    assert str(caught.value) == (
        f"{tmp_path}: found no runs in it, needed folders with a report.json; there are some in {results}"
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        find_reports([tmp_path / "empty"])
    assert str(caught.value) == f"{tmp_path / 'empty'}: found no runs in it, needed folders with a report.json"


# what is not whole


def test_an_unfinished_run_is_listed_and_left_out(results):
    run = begun(results / "c", 600, ['{"step": 100, "g/loss": 1}', '{"step": 200, "check": {}}', '{"step": 300, "g/lo'])
    reports, omissions = find_reports([results])
    assert [stored.report.samples.name for stored in reports] == ["a", "b"]
    line = f"{run}: unfinished (step 200 of 600): run the same command again to resume"
    assert omissions == [line]
    assert find_reports([results / "a", run, run, results])[1] == [line]


def test_an_unfinished_run_alone_is_an_error(results):
    run = begun(results / "only" / "c")
    for given in (run, results / "only"):
        with pytest.raises(ContentError) as caught:
            find_reports([given])
        assert str(caught.value) == (
            f"found no complete report: {run}: unfinished (step 0 of 600): run the same command again to resume"
        )


def test_a_writer_that_was_killed_leaves_an_unfinished_run(tmp_path):
    run = begun(tmp_path / "run", 600, ['{"step": 600, "g/loss": 1}'])
    (run / ".report.json.abc123.json").write_text(scored("a", 1.0).to_json())
    (run / "report-back.json").write_text(scored("a", 1.0).to_json())
    assert why_no_report(run) == (
        f"{run}: unfinished (all 600 steps done, not scored): run the same command again to resume"
    )


def test_a_diverged_run_is_listed_with_its_step(tmp_path):
    run = begun(tmp_path / "run", 600, ['{"step": 1200, "diverged": "d/loss", "last_good": 0}'])
    assert why_no_report(run) == f"{run}: left out, as it diverged at step 1,200 and has no report"


@pytest.mark.parametrize(
    "line", ["[1]", "{}", '{"step": "many"}', '{"step": NaN}', '{"step": null}', "\x00", '"é', b"\xff\xfe{"]
)
def test_a_log_of_any_kind_is_read_as_far_as_it_goes(tmp_path, line):
    run = begun(tmp_path / "run", 600, ['{"step": 7}'])
    with (run / "log.jsonl").open("ab") as log:
        log.write(line if isinstance(line, bytes) else line.encode())
    assert "(step 7 of 600)" in why_no_report(run)


@pytest.mark.parametrize("content", ["", '{"ganeval": "0.1', "\x00" * 64])
def test_a_run_whose_configuration_a_power_cut_emptied_is_listed(results, content):
    run = begun(results / "c", 600, ['{"step": 100, "g/loss": 1}'])
    (run / "config.json").write_text(content)
    reports, omissions = find_reports([results])
    assert [stored.report.samples.name for stored in reports] == ["a", "b"]
    (omission,) = omissions
    assert omission.startswith(f"left out: {run / 'config.json'}: cannot be read (")
    with pytest.raises(ContentError) as caught:
        find_reports([run])
    assert str(caught.value).startswith(f"{run / 'config.json'}: cannot be read (")
    (run / "config.json").write_text('{"model_type": "theirs"}')
    assert find_reports([results])[1] == []


def test_a_scored_run_without_its_report_has_no_steps(tmp_path):
    run = as_run(scored("a", 1.0), tmp_path / "run")
    assert why_no_report(run) is None
    (run / "report.json").unlink()
    assert why_no_report(run) == f"{run}: unfinished (no report.json): run its command again"
    (run / "config.json").write_text('{"ganeval": "0.1.0", "config": [1]}')
    assert why_no_report(run) == f"{run}: unfinished (no report.json): run its command again"


BROKEN = {
    "empty": ("", "found no JSON ("),
    "torn": ('{"schema": 1, "scores": {"fid', "found no JSON ("),
    "foreign": ('{"loss": 1}', "found no ganeval report, needed JSON with the keys 'schema' and 'scores'"),
    "no list": ("[]", "found an empty list, needed a ganeval report"),
    "deep": ("[" * 100_000, "found no JSON ("),
    "binary": (b"\xff\xfe\x00\x01", "found no JSON ("),
    "schema 0": ('{"schema": 0, "scores": {}}', "found schema 0, needed 1 or later; score the images anew"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_report_in_a_folder_of_runs_is_listed_and_a_named_one_is_an_error(results, kind):
    content, line = BROKEN[kind]
    (results / "a" / "report.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    reports, omissions = find_reports([results])
    assert [stored.report.samples.name for stored in reports] == ["b"]
    (omission,) = omissions
    assert omission.startswith(f"left out: {results / 'a' / 'report.json'}: {line}")
    for named in (results / "a", results / "a" / "report.json"):
        with pytest.raises(ContentError) as caught:
            find_reports([results, named])
        assert str(caught.value).startswith(f"{results / 'a' / 'report.json'}: {line}")
        assert "\n" not in str(caught.value)


def test_a_translation_with_one_broken_report_is_left_out_entirely(results):
    (results / "a" / "report-back.json").write_text("{")
    reports, omissions = find_reports([results])
    assert [stored.report.samples.name for stored in reports] == ["b"]
    assert omissions[0].startswith(f"left out: {results / 'a' / 'report-back.json'}: found no JSON")


def test_reports_of_earlier_and_of_later_versions_are_read(tmp_path):
    early = scored("early", 1.0).to_dict()
    early["protocol"] = {key: early["protocol"][key] for key in ("name", "extractor", "layer", "weights", "resize")}
    early["protocol"]["weights_sha256"] = None
    early["samples"] = {"name": "early", "source": "out/", "count": None}
    del early["warnings"], early["environment"]
    later = {**scored("later", 2.0).to_dict(), "schema": 2, "licence": {"by": "a"}}
    later["scores"]["fid"]["interval"] = [1, 2]
    (tmp_path / "both.json").write_text(json.dumps([early, later]))
    first, second = (stored.report for stored in find_reports([tmp_path / "both.json"])[0])
    assert (first.scores["fid"].value, first.protocol.k_density_coverage, first.warnings) == (1.0, 5, ())
    assert (second.schema, second.more, second.scores["fid"].more) == (
        2,
        {"licence": {"by": "a"}},
        {"interval": [1, 2]},
    )


def test_nothing_is_written_or_moved(results):
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    begun(results / "c")
    (results / "b" / "report.json").write_text("{")
    find_reports([results])
    after = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after[path]} == {results / "b" / "report.json"}
    assert set(after) - set(before) == {results / "c" / "config.json", results / "c" / "log.jsonl"}


def test_equal_reports_in_two_files_are_two(tmp_path):
    report = replace(scored("same", 1.0))
    runs = [as_run(report, tmp_path / name) for name in ("a", "b")]
    assert found_in(*runs) == [("same", runs[0]), ("same", runs[1])]
