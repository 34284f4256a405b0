"""The images of a test and the fingerprint of their set: as `score` takes them."""

import human_answers
import pytest

from ganeval.evaluation.evaluator import evaluate
from ganeval.evaluation.survey import survey
from ganeval.human.page import HumanTestOptions, make_page
from ganeval.human.plan import SetIdentity
from ganeval.reports.run_folders import write_run
from ganeval.sources.opening import open_source


@pytest.mark.parametrize("limit", [None, 20])
def test_the_fingerprint_is_that_of_a_report_on_the_same_images(tmp_path, digits_folder, limit):
    plan = make_page(str(digits_folder), "digits", tmp_path / "a.html", HumanTestOptions(n=4, limit=limit, seed=7))
    report = evaluate(digits_folder, "digits", metrics=["fid"], n=limit)
    assert plan.samples.fingerprint == report.samples.fingerprint
    assert plan.reference.fingerprint == report.reference.fingerprint
    assert plan.samples.count == (limit or 60)


def test_a_generator_makes_as_many_as_are_asked_for(tmp_path, monkeypatch):
    (tmp_path / "a_generator.py").write_text(
        "import numpy as np\n\ndef make(n):\n    return np.random.RandomState(0).randint(0, 256, (n, 8, 8), np.uint8)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plan = make_page("a_generator:make", "digits:test", tmp_path / "a.html", HumanTestOptions(n=6))
    assert (plan.samples.name, plan.samples.count) == ("a_generator:make", 3)
    plan = make_page("a_generator:make", "digits:test", tmp_path / "a.html", HumanTestOptions(n=6, limit=50))
    report = evaluate("a_generator:make", "digits:test", metrics=["fid"], n=50)
    assert (plan.samples.count, plan.samples.fingerprint) == (50, report.samples.fingerprint)


def test_a_run_stands_for_its_samples(tmp_path, digits_folder):
    report = evaluate(digits_folder, "digits", metrics=["fid"])
    write_run(tmp_path / "run", report, {})
    plan = make_page(str(tmp_path / "run"), "digits", tmp_path / "a.html", HumanTestOptions(n=4))
    assert (plan.samples.name, plan.samples.fingerprint) == ("run", report.samples.fingerprint)


def test_the_fingerprint_is_of_the_whole_set_as_check_computes_it(tmp_path):
    dark, light = human_answers.write_sets(tmp_path)
    plan = make_page(dark, light, tmp_path / "a.html", HumanTestOptions(n=4))
    assert plan.reference == SetIdentity("light", 30, survey(open_source(light), lambda *_: None).facts.fingerprint)
