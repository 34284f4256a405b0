"""The card of a run: its images, its other direction, its provenance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from example_pages import (
    HOW,
    Outline,
    pixels_of,
    random_images,
    run_folder,
    scored,
)

from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.reports.report import Score


def test_a_report_file_on_its_own_states_where_its_images_are(tmp_path: Path) -> None:
    file = tmp_path / "alone.json"
    file.write_text(scored("a", {"fid": (1.0, 0.1)}).to_json())
    assert (
        "A report file on its own: its images are in the folder of its run." in Outline(page_of(compare([file]))).text
    )


def test_both_directions_of_a_translation_have_their_own_images_and_share_the_plots_of_training(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}), pictures=random_images(1))
    (run / "report-back.json").write_text(scored("c b→a", {"fid": (2.0, 0.1)}).to_json())
    np.savez_compressed(run / "gallery-back.npz", pictures=random_images(1, seed=1))
    page = Outline(page_of(compare([run])))
    shown = [pixels_of(image["src"]) for image in page.all("img")]
    assert np.array_equal(shown[0], random_images(1)[0, ..., 0])
    assert np.array_equal(shown[1], random_images(1, seed=1)[0, ..., 0])
    assert page.text.count("are on the card of c a→b") == 1


def test_broken_counts_of_the_other_direction_are_on_its_card(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}), pictures=random_images(1))
    back = scored("c b→a", {"fid": (2.0, 0.1)})
    counts = Score(3, "higher", more={"samples": "x", "reference": [1]})
    (run / "report-back.json").write_text(replace(back, scores={**back.scores, "modes_covered": counts}).to_json())
    assert "modes: c b→a: samples by mode is x, needed whole numbers" in Outline(page_of(compare([run]))).text


def test_provenance_has_fingerprints_protocol_weights_date_and_configuration(tmp_path: Path) -> None:
    text = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))]))).text
    for fact in ("sha256:a", "sha256:aa", HOW.line(), "2026-01-31T12:00:00Z, by ganeval 0.1.0", str(tmp_path / "a")):
        assert fact in text
    assert '"seed": 7' in text


def test_a_broken_config_does_not_stop_the_page(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    (run / "config.json").write_text("{")
    assert "1.00 ±0.10" in Outline(page_of(compare([run]))).text
