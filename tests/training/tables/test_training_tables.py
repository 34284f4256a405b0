"""Rows, columns, the printed table and the page: from hand-made reports whose cells are known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from training_runs import load_splits

from ganeval.progress import silent
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_report
from ganeval.reports.run_folders import write_run
from ganeval.reports.score_names import cell
from ganeval.training.diagnosis.verdicts import Verdict
from ganeval.training.final_scores import FinishedRun
from ganeval.training.run_request import RunRequest
from ganeval.training.tables.results_readme import BEGIN, END, tables, write_readme
from ganeval.training.tables.rows import ModelRow, columns_of, plus_minus, rows_of
from ganeval.training.tables.terminal import training_view, verdict_text
from ganeval.training.yardsticks import noise, yardsticks
from reference_models import Config

PROTOCOL = Protocol("tf1", "digits", "features", "published", "ab", "tf1-bilinear")


def report_of(name: str, fid: float, *, model: str = "dcgan", seed: int = 0, count: int = 100, **more: Any) -> Report:
    """A report of a model's samples; `lr_g` is its configuration's, other keywords are scores."""
    changes = {"lr_g": more.pop("lr_g")} if "lr_g" in more else {}
    config = replace(Config(model, seed=seed), **changes).to_dict()
    training = {"model": model, "data": "digits", "config": config, "count": count, "steps": 8, "best_step": 4}
    training |= {
        "seconds": 1.5,
        "selection_fid": {"2": 3.0, "4": 1.0, "8": 2.0},
        "verdicts": [{"name": "healthy", "sentence": "healthy: no alarm | at step 8"}],
    }
    scores = {"fid": Score(fid, "lower", error=0.5), **{key: Score(value, "lower") for key, value in more.items()}}
    return made(name, scores, count, {"training": training})


def made(name: str, scores: dict[str, Score], count: int = 100, more: dict[str, Any] | None = None) -> Report:
    samples, reference = ImageSet(name, name, count, shape=(3, 8, 8)), ImageSet("digits:test", "digits:test", 500)
    return Report("0.1.0", "now", samples, reference, PROTOCOL, scores, more=more or {})


REAL = made("real (train)", {"fid": Score(0.5, "lower", error=0.1)})
NOISE = made("noise", {"fid": Score(50.0, "lower", error=1.0)})


def printed(*finished: FinishedRun, width: int | None = None) -> list[str]:
    console = Console(width=width or 10_000, color_system=None)
    with console.capture() as captured:
        console.print(training_view(finished, (REAL, NOISE), width))
    return [line.rstrip() for line in captured.get().splitlines()]


def finished(*reports: Report, verdict: str = "healthy") -> FinishedRun:
    name = reports[0].samples.name.partition(" ")[0]
    order = RunRequest("dcgan", "digits", Path("results") / name)
    return FinishedRun(order, reports, (Verdict(verdict, f"{verdict}: why"),), reports[0].more["training"])


# rows


def test_a_share_is_of_the_noises_fid_and_never_an_exponent() -> None:
    (real, one, ceiling), _ = rows_of([report_of("a", 0.61)], (REAL, NOISE))
    assert [row.name for row in (real, one, ceiling)] == ["real (train)", "dcgan", "noise"]
    assert [row.share for row in (real, one, ceiling)] == ["1.0 %", "1.2 %", "100 %"]
    assert ModelRow("a", (report_of("a", 0.0001),), (50.0,)).share == "0.00 %"
    assert ModelRow("a", (report_of("a", 1.0),), (0.0,)).share == "–"


def test_of_seeds_the_mean_and_the_standard_deviation_are_shown() -> None:
    fids = (1.0, 2.0, 4.5)
    reports = [report_of(f"s{seed}", fid, seed=seed) for seed, fid in enumerate(fids)]
    (_, row, _), _ = rows_of(reports, (REAL, NOISE))
    score = row.score("fid")
    assert score is not None
    assert (score.value, score.error) == pytest.approx((np.mean(fids), np.std(fids, ddof=1)))
    assert cell(score) == "2.5 ±1.8"
    assert row.share == "5.0 ±3.6 %"
    assert "of 3 seeds the mean ± their standard deviation" in plus_minus([row])
    assert "seeds" not in plus_minus([ModelRow("a", (reports[0],), (50.0,))])


def test_other_configurations_of_a_model_are_rows_of_their_own() -> None:
    reports = [report_of("digits-dcgan-s0", 1.0), report_of("digits-dcgan-s1", 3.0, seed=1)]
    reports.append(report_of("faster", 9.0, lr_g=0.1))
    (_, both, other, _), _ = rows_of(reports, (REAL, NOISE))
    assert (both.name, other.name) == ("digits-dcgan-s0, digits-dcgan-s1", "faster")
    assert both.score("fid") == Score(2.0, "lower", error=pytest.approx(2**0.5))


def test_counts_that_differ_have_a_column() -> None:
    rows, _ = rows_of([report_of("a", 1.0), report_of("b", 1.0, model="vanilla")], (REAL, NOISE))
    assert [name for name, _ in columns_of(rows, "%")] == ["FID (digits classifier) ↓", "%"]
    rows, _ = rows_of([report_of("a", 1.0, count=2000)], (REAL, NOISE))
    (heading, cell), *_ = columns_of(rows, "%")
    assert heading == "N"
    assert [cell(row) for row in rows] == ["100", "2,000", "100"]


def test_a_translations_share_is_of_doing_nothing() -> None:
    there = report_of("run digit→outline", 2.0, model="cyclegan", fid_nothing=40.0, cycle_l1=0.1)
    back = report_of("run outline→digit", 5.0, model="cyclegan", fid_nothing=50.0, cycle_l1=0.2)
    made_rows, (first, second) = rows_of([there, back], ())
    assert made_rows == []
    assert (first.name, first.share) == ("cyclegan digit→outline", "5.0 %")
    assert (second.name, second.share) == ("cyclegan outline→digit", "10 %")


def test_what_is_not_there_or_not_finite_is_a_dash() -> None:
    assert cell(None) == "–"
    assert cell(Score(float("nan"), "lower")) == "–"
    assert cell(Score(1.25, "lower", error=0.5), bare=True) == "1.25"


# the table


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_the_table_fits_the_terminal_and_breaks_no_number(width: int | None) -> None:
    scores = dict.fromkeys(("kid", "precision", "recall", "density", "coverage"), 0.12345)
    lines = printed(finished(report_of("digits-dcgan-s0", 1.23456, **scores)), width=width)
    text = "\n".join(lines[: lines.index("training")])
    assert width is None or max(map(len, text.splitlines())) <= width
    assert "1.2 ±0.5" in text or "1.23 ±0.50" in text
    assert text.count("0.1235") == 5
    assert "…" not in text


def test_a_run_that_is_not_healthy_has_its_reason_and_one_without_a_report_has_dashes() -> None:
    good = report_of("digits-dcgan-s0", 1.0, fid_last=1.5, fid_raw=2.5, fid_last_raw=3.5)
    lines = printed(finished(good))
    (row,) = [line.split() for line in lines if line.split()[:1] == ["digits-dcgan-s0"]]
    assert row == ["digits-dcgan-s0", "8", "4", "1.00", "1.5", "2.5", "3.5", "2", "healthy"]
    ill = printed(finished(good, verdict="mode collapse"))
    assert any(line.endswith("mode collapse: why") for line in ill)
    none = replace(
        finished(good, verdict="diverged"),
        reports=(),
        facts={"steps": 3, "best_step": None, "selection_fid": {}, "seconds": 0},
    )
    (row,) = [line.split() for line in printed(finished(good), none) if "diverged" in line]
    assert row == ["digits-dcgan-s0", "3", "–", "–", "–", "–", "–", "0", "diverged:", "why"]


# the page


def test_the_part_between_the_marks_is_renewed_and_the_rest_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"# Mine\n\nbefore\n{BEGIN}\nold table\n{END}\nafter\n")
    write_run(tmp_path / "digits-dcgan-s0", report_of("digits-dcgan-s0", 1.0), {})
    write_readme(tmp_path)
    text = page.read_text()
    assert text.startswith("# Mine\n\nbefore\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old table" not in text
    assert "| dcgan | 1.00 ±0.50 |" in text
    assert r"no alarm \| at step 8" in text  # a bar would end the cell
    write_readme(tmp_path)
    assert page.read_text() == text


def test_a_page_of_ones_own_without_marks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    write_readme(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine\n"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "README.md"]


def test_the_page_has_yardsticks_of_the_same_protocol_only(tmp_path: Path) -> None:
    write_run(tmp_path / "digits-real", REAL, {})
    write_run(tmp_path / "digits-noise", NOISE, {})
    write_run(tmp_path / "digits-dcgan-s0", report_of("digits-dcgan-s0", 1.0), {})
    other = replace(report_of("other", 7.0), protocol=replace(PROTOCOL, extractor="inception"))
    write_run(tmp_path / "other", other, {})
    first, second = tables(tmp_path).split("## digits\n")[1:]
    assert [line.split(" | ")[0].strip("| ") for line in first.splitlines() if line.startswith("| ")][:5] == [
        "", "---", "real (train)", "dcgan", "noise",
    ]  # fmt: skip
    assert "% of noise" not in second
    assert "real (train)" not in second
    assert "FID (digits classifier)" in first
    assert "FID (digits classifier)" not in second


def test_what_is_no_finished_run_is_passed_over(tmp_path: Path) -> None:
    for name, text in (("torn", '{"schema": 1'), ("foreign", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(text)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text(json.dumps({"ganeval": "0.1.0", "config": {}}))
    assert tables(tmp_path) == ""


def test_the_table_and_the_page_say_the_same_of_a_training(tmp_path: Path) -> None:
    report = report_of("digits-dcgan-s0", 1.23456, fid_last=1234.5678, fid_raw=2.5, fid_last_raw=0.00012345)
    facts = {**report.more["training"], "steps": 25_000, "best_step": 12_500, "seconds": 61.4}
    report = replace(report, more={"training": facts})
    write_run(tmp_path / "digits-dcgan-s0", report, {})
    (row,) = [line.split() for line in printed(finished(report)) if line.split()[:1] == ["digits-dcgan-s0"]]
    (line,) = [line for line in tables(tmp_path).splitlines() if line.startswith("| digits-dcgan-s0 |")]
    assert line.strip("| ").split(" | ")[:-1] == row[:-1]
    assert row[1:4] == ["25,000", "12,500", "1.23"]
    assert row[-2] == "61"


def test_the_table_and_the_page_say_how_many_are_scored_where_it_is_one_number(tmp_path: Path) -> None:
    write_run(tmp_path / "digits-dcgan-s0", report_of("digits-dcgan-s0", 1.0), {})
    assert "Against digits:test, N = 100.\n" in tables(tmp_path)
    assert "against digits:test, N = 100, M = 500" in printed(finished(report_of("digits-dcgan-s0", 1.0)))[0]
    other = report_of("digits-vanilla-s0", 1.0, model="vanilla", count=2000)
    write_run(tmp_path / "digits-vanilla-s0", other, {})
    assert "Against digits:test.\n" in tables(tmp_path)
    assert "against digits:test, M = 500" in printed(finished(other))[0]


# the yardsticks


@pytest.mark.slow
def test_the_yardsticks_are_training_images_and_uniform_noise(tmp_path: Path) -> None:
    order = RunRequest("dcgan", "digits", tmp_path, count=200)
    real, ceiling = yardsticks(order, load_splits("digits"), tmp_path, silent)
    assert (real.samples.name, ceiling.samples.name) == ("real (train)", "noise")
    assert (real.samples.count, ceiling.samples.count) == (200, 200)
    assert real.scores["fid"].value * 50 < ceiling.scores["fid"].value
    assert real.samples.fingerprint != real.reference.fingerprint
    assert load_report(tmp_path / "digits-real").scores == real.scores
    again = yardsticks(order, load_splits("digits"), tmp_path, silent)
    assert [one.scores for one in again] == [real.scores, ceiling.scores]


def test_noise_is_uniform_for_images_and_as_wide_as_the_data_for_points() -> None:
    pixels = noise(load_splits("digits"), 500)
    assert (pixels.dtype, tuple(pixels.shape)) == (torch.uint8, (500, 1, 8, 8))
    assert float(pixels.double().mean()) == pytest.approx(127.5, abs=2)
    assert float(pixels.double().std()) == pytest.approx(255 / 12**0.5, rel=0.02)
    grid = load_splits("grid25")
    points = noise(grid, 5000)
    assert points.std(0).tolist() == pytest.approx(grid.train.pixels.std(0).tolist(), rel=0.05)
    assert points.mean(0).tolist() == pytest.approx([0, 0], abs=0.2)


def test_a_healthy_run_of_one_check_is_reported_with_its_figures() -> None:
    judged = Verdict("healthy", "healthy: no alarm at step 1: FID 90.0, recall 0.00")
    assert [verdict_text(judged, checks) for checks in (1, 3)] == [judged.sentence, "healthy"]
