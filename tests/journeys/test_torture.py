"""Every hostile input of the corpus ends in a value with the file counted where it belongs, or in one line."""

import os
import re
from dataclasses import replace

import pytest
from torture import (
    CONTAINERS,
    EITHER,
    GOOD,
    IMAGES,
    PASSED_OVER,
    READ,
    REFUSED,
    SOURCES,
    in_folder,
    outcomes,
    peak_memory,
    tally,
)

HELD_AT_MOST = 2**30  # bytes more than before, for the whole corpus


@pytest.fixture(scope="module", autouse=True)
def bounded():
    before = peak_memory()
    yield
    assert peak_memory() - before < HELD_AT_MOST


@pytest.fixture(scope="module")
def reference(tmp_path_factory, write_digits):
    return write_digits(tmp_path_factory.mktemp("reference") / "digits", 5)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(os.sys.path))
    return tmp_path


def check_ends(results):
    assert not [outcome for outcome in results if outcome.kind not in ("value", "one line")]


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_file_is_read_passed_over_or_refused_in_one_line(place, reference, name):
    image = IMAGES[name]
    results = outcomes(in_folder(place, [image]), reference)
    check_ends(results)
    _, score, skip = results
    assert skip.kind == "value"
    counts = {READ: (GOOD + 1, 0), REFUSED: (GOOD, 1), PASSED_OVER: (GOOD, 0)}
    assert (skip.count, len(skip.skipped)) in (
        [counts[READ], counts[REFUSED]] if image.expected == EITHER else [counts[image.expected]]
    )
    assert (score.kind == "value") == (not skip.skipped)


@pytest.mark.parametrize("container", CONTAINERS)
def test_all_hostile_files_in_one_place_are_each_counted_where_they_belong(place, reference, container):
    images = list(IMAGES.values())
    results = outcomes(CONTAINERS[container](place, images), reference)
    check_ends(results)
    _, score, skip = results
    assert score.kind == "one line"
    number = re.compile(r"(?:in/|!)(\d{3})/")
    refused = {int(match[1]) for match in map(number.search, skip.skipped) if match}
    assert len(refused) == len(skip.skipped)
    assert skip.count + len(refused) == GOOD + sum(image.expected != PASSED_OVER for image in images)
    wanted = {REFUSED: {True}, READ: {False}, PASSED_OVER: {False}, EITHER: {True, False}}
    assert [image.name for n, image in enumerate(images) if (n in refused) not in wanted[image.expected]] == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_hostile_source_is_scored_or_refused_in_one_line(place, reference, name):
    source = SOURCES[name]
    results = outcomes(source.write(place), reference, source.options)
    check_ends(results)
    _, score, skip = results
    if source.expected != EITHER:
        assert (score.kind == "value") == (source.expected == READ), score
    if score.kind == "value":
        assert skip == replace(score, command="skip")


def test_outcomes_are_counted_by_kind_of_source(place, reference):
    source = SOURCES["zip slip"]
    results = outcomes(source.write(place), reference)
    assert tally(("zip", outcome) for outcome in results) == {"zip": {"one line": 3}}


def test_the_current_folder_is_scored_with_the_report_on_standard_output(place, reference, monkeypatch):
    monkeypatch.chdir(in_folder(place, [IMAGES["orientation 1"]]))
    assert [outcome.kind for outcome in outcomes(".", reference)[1:]] == ["value", "value"]
