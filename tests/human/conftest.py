"""A file of answers to the shared test plan."""

import human_answers
import pytest
from human_answers import PLAN


@pytest.fixture
def answers(tmp_path):
    return human_answers.write_answers(tmp_path / "answers.json", PLAN, human_answers.with_errors(PLAN, 1, 2), "Ada")
