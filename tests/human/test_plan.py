"""The plan of a test: its id, and the order that follows from it."""

import json
from dataclasses import replace

import human_answers
import numpy as np
import pytest
from human_answers import PLAN

from ganeval.human.answers import read_answers
from ganeval.human.plan import SetIdentity


@pytest.mark.parametrize(
    "change",
    [{"seconds": 2.0}, {"seed": 1}, {"width": 9}, {"samples": SetIdentity("a", 10, "sha256:ab")}, {"shown": "dd"}],
)
def test_everything_in_a_plan_is_part_of_its_id(change):
    assert replace(PLAN, **change).id != PLAN.id


def test_the_places_of_the_real_images_follow_no_rule():
    truths = [replace(PLAN, pictures=40, seed=seed).truth() for seed in range(200)]
    assert len(set(truths)) == 200
    shares = np.mean(truths, axis=0)  # of each place: binomial around a half, deviation 0.035
    assert abs(shares - 0.5).max() < 0.15
    assert {sum(truth) for truth in truths} == {20}


def test_a_whole_second_is_the_same_plan_whether_it_is_written_1_or_1_0(tmp_path):
    path = tmp_path / "a.json"
    text = json.dumps(human_answers.answers_of(PLAN, human_answers.right(PLAN)))
    assert '"seconds": 1.0' in text
    path.write_text(text.replace('"seconds": 1.0', '"seconds": 1'))  # as JavaScript does
    assert read_answers(path).plan == PLAN
    assert replace(PLAN, seconds=1).id == PLAN.id
