"""The content of the page: sections, warnings, glossary and title."""

from dataclasses import replace
from pathlib import Path

from example_pages import (
    Outline,
    run_folder,
    scored,
)

from ganeval.comparison import compare
from ganeval.page import page_of


def test_runs_that_are_not_comparable_are_in_a_section_with_the_reason() -> None:
    other = scored("b", {"fid": (2.0, 0.1)})
    other = replace(other, samples=replace(other.samples, count=40))
    text = Outline(page_of(compare([scored("a", {"fid": (1.0, 0.1)}), other]))).text
    assert "Not comparable with digits:test, 100 samples above." in text
    assert "number of samples: 40, not 100" in text
    assert "Against digits:test, 40 samples" in text


def test_a_warning_of_all_runs_is_listed_once_and_one_of_a_single_run_on_its_card() -> None:
    first = scored("a", {"fid": (1.0, 0.1)}, warnings=("few images", "a is odd"))
    text = Outline(page_of(compare([first, scored("b", {"fid": (2.0, 0.1)}, warnings=("few images",))]))).text
    assert text.count("few images") == 1
    assert text.count("a is odd") == 1
    assert text.index("few images") < text.index("The runs") < text.index("a is odd")


def test_the_glossary_has_only_the_scores_of_the_page() -> None:
    text = Outline(page_of(compare([scored("a", {"kid": (1.0, 0.1)})]))).text
    assert "KID (kernel distance)" in text
    assert "Precision and recall" not in text


def test_a_translation_is_one_run_with_two_rows_and_yardsticks_are_no_runs(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}))
    (run / "report-back.json").write_text(scored("c b→a", {"fid": (2.0, 0.1)}).to_json())
    assert "1 run against digits:test" in Outline(page_of(compare([run]))).text
    marks = [scored("r", {"fid": (0.1, 0.1)}, "real (train)"), scored("n", {"fid": (9.0, 0.1)}, "noise")]
    assert "2 yardsticks against digits:test" in Outline(page_of(compare(marks))).text
