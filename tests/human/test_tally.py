"""The tally against Wilson's closed form and published intervals, and who counts."""

import json
import math
import shutil
import statistics
from dataclasses import replace

import human_answers
import pytest
from human_answers import PLAN, wilson

from ganeval.errors import ContentError, UsageError
from ganeval.human.tally import Rate, tally


@pytest.mark.parametrize(
    ("wrong", "answers", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_intervals_are_those_of_newcombe(wrong, answers, low, high):
    """Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3."""
    assert Rate(wrong, answers).interval(0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("wrong", "answers"), [(0, 8), (8, 8), (1, 8), (17, 40), (500, 1000)])
def test_the_interval_is_wilsons_closed_form(wrong, answers):
    assert Rate(wrong, answers).interval(0.95) == pytest.approx(wilson(wrong, answers), abs=1e-12)
    low, high = wilson(wrong, answers, 1.0)
    assert Rate(wrong, answers).error == pytest.approx((high - low) / 2, abs=1e-12)


def test_with_many_answers_the_error_is_the_binomial_one():
    assert Rate(3000, 10_000).error == pytest.approx(math.sqrt(0.3 * 0.7 / 10_000), rel=1e-3)


@pytest.mark.parametrize(
    ("answers", "errors", "fakes", "reals"),
    [
        (human_answers.right(PLAN), 0, 0, 0),
        (["real"] * 8, 4, 4, 0),
        (["fake"] * 8, 4, 0, 4),
        (human_answers.with_errors(PLAN, 4, 4), 8, 4, 4),
        (human_answers.with_errors(PLAN, 1, 2), 3, 1, 2),
    ],
)
def test_errors_are_counted_by_the_truth_of_each_image(tmp_path, answers, errors, fakes, reals):
    pooled = tally([human_answers.write_answers(tmp_path / "a.json", PLAN, answers)]).pooled
    assert pooled.errors == Rate(errors, 8)
    assert pooled.fakes_as_real == Rate(fakes, 4)
    assert pooled.reals_as_fake == Rate(reals, 4)


def test_people_are_pooled_and_their_spread_is_given(tmp_path):
    errors = {"Ada": (0, 0), "Ben": (4, 4), "": (1, 2)}
    files = [
        human_answers.write_answers(
            tmp_path / f"{who}.json", PLAN, human_answers.with_errors(PLAN, *some), who, [100.0 + 100 * len(who)] * 8
        )
        for who, some in errors.items()
    ]
    found = tally(files)
    assert [person.name for person in found.people] == ["Ada", "Ben", "anonymous 1"]
    assert found.pooled.errors == Rate(11, 24)
    assert found.spread == pytest.approx(statistics.stdev([0, 1, 3 / 8]))
    assert found.error == pytest.approx(statistics.stdev([0, 1, 3 / 8]) / math.sqrt(3))  # the people differ widely
    assert [person.median for person in found.people] == [400, 400, 100]
    assert found.pooled.median == 400
    assert found.pooled.too_fast == 8
    alike = [human_answers.write_answers(tmp_path / f"{who}.json", PLAN, ["real"] * 8, who) for who in ("a", "b")]
    low, high = wilson(8, 16, 1.0)
    assert tally(alike).error == pytest.approx((high - low) / 2)  # they do not differ at all: the answers' own error


def test_nobody_counts_twice(tmp_path):
    first = human_answers.write_answers(tmp_path / "first.json", PLAN, human_answers.right(PLAN), "Ada")
    late = {
        **human_answers.answers_of(PLAN, ["real"] * 8, " ADA "),
        "begun": "2026-01-31T13:00:00.000Z",
        "sitting": "other",
    }
    (tmp_path / "late.json").write_text(json.dumps(late))
    shutil.copy(first, tmp_path / "copy.json")
    found = tally([tmp_path / "late.json", first, tmp_path / "copy.json"])
    assert found.pooled.errors == Rate(0, 8)
    assert found.omissions == (
        f"{tmp_path}/copy.json: left out, the same sitting as {first}",
        f"{tmp_path}/late.json: left out, ADA a second time, after {first}",
    )


def test_two_without_a_name_are_two_people(tmp_path):
    files = []
    for name in ("a", "b"):
        document = {**human_answers.answers_of(PLAN, human_answers.right(PLAN)), "sitting": name}
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    assert [person.name for person in tally(files).people] == ["anonymous 1", "anonymous 2"]


def test_answers_to_different_tests_are_refused(tmp_path):
    other = replace(PLAN, seed=1)
    files = [
        human_answers.write_answers(tmp_path / f"{one.id}.json", one, human_answers.right(one)) for one in (PLAN, other)
    ]
    with pytest.raises(ContentError) as error:
        tally(files)
    assert str(error.value) == (
        f"{files[1]}: found answers to test {other.id} (a and b), needed those to test {PLAN.id} (a and b) "
        f"as in {files[0]}; tally each test separately"
    )


def test_no_answers_are_refused(tmp_path):
    with pytest.raises(UsageError, match="tally: found no answers, needed at least one file"):
        tally([])
