"""The folder of a run: what may go on there, and what is refused."""

import json
from pathlib import Path

import pytest

from ganeval.errors import UsageError
from ganeval.runs import config_of
from ganeval.suite.folders import begin, check_free
from reference_models import configuration

CONFIG = configuration("vanilla", (1, 8, 8))


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run that was scored, of one configuration, data and extractor."""
    begin(tmp_path, CONFIG, "pictures", "digits 48f3", {"data": "digits"})
    (tmp_path / "report.json").write_text("{}")
    return tmp_path


def test_the_same_run_may_go_on(run_folder: Path) -> None:
    check_free(run_folder, CONFIG, "pictures", "digits 48f3")


def test_another_extractor_would_mix_two_scales_in_one_log_and_is_refused(run_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the extractor: was digits 48f3, now inception 6726"):
        check_free(run_folder, CONFIG, "pictures", "inception 6726")


def test_other_pictures_are_refused(run_folder: Path) -> None:
    with pytest.raises(UsageError, match="the training data: other samples"):
        check_free(run_folder, CONFIG, "others", "digits 48f3")


def test_a_run_of_an_earlier_version_had_what_it_lacks_by_default(run_folder: Path) -> None:
    document = config_of(run_folder)
    del document["config"]["ema_ramp"], document["judge"]
    (run_folder / "config.json").write_text(json.dumps(document))
    check_free(run_folder, CONFIG, "pictures", "digits 48f3")
