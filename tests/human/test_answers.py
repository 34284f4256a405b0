"""Files of answers: complete ones are read, all others are refused in one line."""

import dataclasses
import json
import math

import human_answers
import pytest
from human_answers import PLAN

from ganeval.human.answers import read_answers


def changed(**changes):
    return {**human_answers.answers_of(PLAN, human_answers.right(PLAN)), **changes}


def first_answer(**changes):
    document = changed()
    document["answers"][0] |= changes
    return document


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "found no complete JSON (Expecting value"),
        (json.dumps(changed())[:-20], "found no complete JSON ("),
        ("[1]", "found no answers, needed the JSON file that a page of `ganeval human page` saves"),
        ('{"schema": 1, "scores": {}}', "found no answers, needed the JSON file"),
        ("[" * 100_000, "found no complete JSON ("),
        (changed(ganeval_human=2), "found format 2, needed 1; update ganeval"),
        (changed(test=None), "found no complete test (no object)"),
        (changed(test={**PLAN.to_dict(), "pictures": 8.5}), "found no complete test (pictures is 8.5)"),
        (changed(test={"id": "0"}), "found no complete test (it lacks 'pictures')"),
        (changed(test=dataclasses.asdict(PLAN)), "found no complete test (it lacks 'id')"),
        (changed(test={**PLAN.to_dict(), "seed": 1}), f"its test was edited (id {PLAN.id}, needed "),
        (changed(answers=None), "found no answers, needed all 8"),
        (changed(answers=changed()["answers"][:5]), "found 5 answers, needed all 8; open its page again to resume"),
        (changed(answers=changed()["answers"] * 2), "found 16 answers, needed all 8"),
        (first_answer(answer="maybe"), ', answer 1: found "maybe", needed real or fake'),
        (first_answer(answer=[]), ", answer 1: found [], needed real or fake"),
        (changed(answers=[None] * 8), ", answer 1: found null, needed real or fake"),
        (first_answer(ms=-1), ", answer 1: found the time -1, needed milliseconds"),
        (first_answer(ms=1e9), ", answer 1: found the time 1000000000.0, needed milliseconds"),
        (first_answer(ms=10**400), ", answer 1: found the time 1000000000"),
        (first_answer(looks=10**400), ", answer 1: found 1000000000"),
        (changed(test={**PLAN.to_dict(), "seconds": 10**400}), "found no complete test ("),
        (first_answer(ms="500"), ', answer 1: found the time "500", needed milliseconds'),
        (first_answer(ms=True), ", answer 1: found the time true, needed milliseconds"),
        (first_answer(ms=math.nan), "found no complete JSON (it holds NaN, which is not a number)"),
        (first_answer(ms=math.inf), "found no complete JSON (it holds Infinity, which is not a number)"),
        (first_answer(looks=0), ", answer 1: found 0 looks, needed 1 or more"),
    ],
)  # fmt: skip
def test_an_incomplete_test_is_refused_in_one_line(run, tmp_path, text, reason):
    path = tmp_path / "a.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    found = run("human", "tally", path)
    assert found.exit_code == 1
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert line.startswith(f"Error: {path}")
    assert reason in line


def test_a_file_from_a_windows_editor_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(changed(who="Zoë\n\x1b[31m  数")), encoding="utf-8-sig")
    assert read_answers(path).who == "Zoë [31m 数"


def test_a_reload_is_reported(run, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(first_answer(looks=2)))
    found = run("human", "tally", tmp_path / "a.json")
    assert (
        "1 answer to images that were shown more than once, because the page was reloaded (anonymous 1: 1)."
        in found.stdout
    )
