"""The table of scores: cells, order, ranks, differences and its legend."""

import re
from pathlib import Path

import numpy as np
import pytest
from example_pages import (
    RECORDED,
    Outline,
    pixels_of,
    plain,
    random_images,
    run_folder,
    scored,
)

from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.reports.report import load_reports


def cells(html: str, name: str) -> list[str]:
    """The cells of a run's line in the table of scores, as HTML."""
    table = html[html.index('<table class="scores') :]
    row = next(row for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL) if f'data-sort="{name}"' in row)
    return re.findall(r"<td.*?</td>", row, re.DOTALL)[1:]


def test_a_cell_has_the_value_its_error_and_every_digit_to_sort_by() -> None:
    html = page_of(compare([scored("a", {"fid": (1.23456, 0.0561)}), scored("b", {"fid": (2.5, None)})]))
    (first,), (second,) = cells(html, "a"), cells(html, "b")
    assert plain(first) == "1.235 best ±0.056"
    assert 'data-sort="1.23456"' in first
    assert plain(second) == "2.5"


def test_what_the_table_is_sorted_by_is_in_it() -> None:
    reports = [scored("a", {"fid": (1.0, 0.1), "psnr": (20.0, 0.1)}), scored("b", {"fid": (2.0, 0.1)})]
    html = page_of(compare(reports, sort="psnr"))
    assert [plain(cell) for cell in cells(html, "a")] == ["20.00 ±0.10", "1.00 best ±0.10"]


def test_a_missing_score_is_a_dash_without_a_number_to_sort_by() -> None:
    html = page_of(compare([scored("a", {"fid": (1.0, 0.1), "recall": (0.5, 0.1)}), scored("b", {"fid": (2.0, 0.1)})]))
    missing = cells(html, "b")[1]
    assert plain(missing) == "–"
    assert "data-sort" not in missing


def test_the_best_of_a_column_is_marked_but_no_yardstick_and_no_score_that_one_run_has_alone() -> None:
    real = scored("real", {"fid": (0.1, 0.1), "recall": (0.9, 0.1)}, "real (train)")
    noise = scored("noise", {"fid": (0.2, 0.1)}, "noise")
    html = page_of(
        compare([noise, scored("a", {"fid": (1.0, 0.1), "recall": (0.5, 0.1)}), scored("b", {"fid": (2.0, 0.1)}), real])
    )
    best = {name: ['class="best"' in cell for cell in cells(html, name)] for name in ("real", "noise", "a", "b")}
    assert best == {"real": [False] * 2, "noise": [False] * 2, "a": [True, False], "b": [False] * 2}


def test_yardsticks_stand_apart_above_and_below() -> None:
    html = page_of(
        compare(
            [
                scored("n", {"fid": (9.0, 0.1)}, "noise"),
                scored("a", {"fid": (1.0, 0.1)}),
                scored("r", {"fid": (0.1, 0.1)}, "real (train)"),
            ]
        )
    )
    assert re.findall(r'<tbody class="(\w+)">', html)[:3] == ["real", "judged", "noise"]


def test_rows_are_ranked_by_what_they_are_sorted_by() -> None:
    runs = [
        scored("a", {"fid": (1.0, 0.1), "recall": (0.5, 0.1)}),
        scored("b", {"fid": (2.0, 0.1), "recall": (0.7, 0.1)}),
    ]
    ranks = re.compile(r'<td class="rank">(\d)</td>\s*<th scope="row" class="name" data-sort="(\w)"')
    assert ranks.findall(page_of(compare(runs))) == [("1", "a"), ("2", "b")]
    assert ranks.findall(page_of(compare(runs, sort="recall"))) == [("1", "b"), ("2", "a")]


@pytest.mark.parametrize(("value", "shown"), [(1.27, "Δ +0.27"), (1.28, "Δ +0.28*"), (0.5, "Δ −0.50*")])
def test_a_difference_is_marked_from_1_96_of_its_error(value: float, shown: str) -> None:
    # √(0.1² + 0.1²) · 1.96 = 0.2772
    html = page_of(compare([scored("base", {"fid": (1.0, 0.1)}), scored("a", {"fid": (value, 0.1)})], baseline="base"))
    assert plain(cells(html, "a")[0]).endswith(shown)
    assert "Δ" not in plain(cells(html, "base")[0])
    assert f"{shown[:-1] if shown.endswith('*') else shown} ±0.14" in plain(html)


def test_seeds_are_one_row_of_mean_and_deviation_with_all_their_images(tmp_path: Path) -> None:
    for seed, fid in enumerate((1.0, 2.0)):
        run_folder(
            tmp_path / f"m-s{seed}", scored(f"m-s{seed}", {"fid": (fid, 0.1)}), pictures=random_images(3, seed=seed)
        )
    html = page_of(compare([tmp_path], group=True))
    assert plain(cells(html, "m")[0]) == "1.50 ±0.71"  # √((0.5² + 0.5²) / 1)
    assert "2 seeds" in plain(html)
    assert "2 runs of 1 model against digits:test" in plain(html)
    shown = [pixels_of(image["src"]) for image in Outline(html).all("img")]
    expected = [*random_images(3, seed=0)[..., 0], *random_images(3, seed=1)[..., 0]]
    assert all(np.array_equal(pixels, stored) for pixels, stored in zip(shown, expected, strict=True))


def test_a_page_is_sorted_by_a_score_that_some_group_lacks() -> None:
    runs = [RECORDED / name for name in ("digits-cgan-s0", "digits-cyclegan-s0")]
    page = Outline(page_of(compare([report for run in runs for report in load_reports(run)], sort="psnr")))
    assert "PSNR dB" in page.text
    assert "digits-cgan-s0" in page.text


def test_names_wrap_after_hyphens_and_arrows_only_and_keep_their_text(tmp_path: Path) -> None:
    page = page_of(compare([scored("digits-c <b> a→b", {"fid": (1.0, 0.1)})]))
    assert "digits-<wbr>c &lt;b&gt; a→<wbr>b</a>" in page
    assert "digits-c <b> a→b" in Outline(page).text


def test_a_table_of_one_run_does_not_speak_of_the_best_or_of_sorting() -> None:
    first, second = scored("a", {"fid": (1.0, 0.1)}), scored("b", {"fid": (2.0, 0.1)})
    text = Outline(page_of(compare([first]))).text
    assert "best of its column" not in text
    assert "Click a heading to sort." not in text
    text = Outline(page_of(compare([first, second]))).text
    assert "best of its column" in text
    assert "Click a heading to sort." in text


def test_the_legend_says_by_what_rule_a_difference_is_marked() -> None:
    runs = [scored(f"{name}-s{seed}", {"fid": (1.0 + seed, 0.1)}) for name in "ab" for seed in (0, 1)]
    rule = "* significant: more than 1.96 standard errors"
    assert (
        f"Δ difference from a-s0; {rule}. Click a heading to sort."
        in Outline(page_of(compare(runs, baseline="a-s0"))).text
    )
    text = Outline(page_of(compare(runs, group=True, baseline="a"))).text
    assert f"Δ difference from a; {rule}, and with seeds Student's t at 95 %. Click a heading to sort." in text
    assert "this run ± its error" not in text
    assert "mean ± standard deviation over seeds" in text
