"""The page of runs: what it says, that it says it of the right numbers and pictures, and that it is whole by itself."""

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ganeval.page as page_package
from ganeval.comparison import compare
from ganeval.errors import ContentError
from ganeval.page import page_of
from ganeval.page.encoding import inline_image, inline_strip
from ganeval.page.galleries import gallery_of
from ganeval.page.headline import headline_of
from ganeval.page.score_lines import score_lines
from ganeval.plots.theme import VARIABLES
from ganeval.reports.report import ImageSet, Protocol, Report, Score, load_reports
from ganeval.reports.run_folders import write_run

RECORDED = Path(__file__).parents[2] / "results" / "recorded"
HOW = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
REAL = ImageSet("digits:test", "digits:test", 500, "sha256:aa", (3, 8, 8))
DIRECTIONS = {"fid": "lower", "kid": "lower", "inception_score": "higher", "precision": "higher", "recall": "higher"}
Scores = Mapping[str, tuple[float, float | None]]


def scored(name: str, scores: Scores, source: str = "", **parts: Any) -> Report:
    """A report of 100 samples with these values and errors."""
    kept = {key: Score(value, DIRECTIONS.get(key, "higher"), error) for key, (value, error) in scores.items()}
    samples = ImageSet(name, source or f"{name}/", 100, f"sha256:{name}", (3, 8, 8))
    return Report("0.1.0", "2026-01-31T12:00:00Z", samples, REAL, HOW, kept, **parts)


def run_folder(folder: Path, report: Report, **arrays: Any) -> Path:
    """A run folder, with a gallery where there are arrays for one."""
    write_run(folder, report, {"seed": 7})
    if arrays:
        np.savez_compressed(folder / "gallery.npz", **arrays)
    return folder


def random_images(count: int, side: int = 8, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, side, side, channels), np.uint8)


class Outline(HTMLParser):
    """The tags of a page with their attributes, and its text without styles and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = 0
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += f" {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pixels_of(uri: str | None) -> np.ndarray:
    """The picture in a data URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode((uri or "").partition(",")[2]))))


def cells(html: str, name: str) -> list[str]:
    """The cells of a run's line in the table of scores, as HTML."""
    table = html[html.index('<table class="scores') :]
    row = next(row for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL) if f'data-sort="{name}"' in row)
    return re.findall(r"<td.*?</td>", row, re.DOTALL)[1:]


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


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


def test_seeds_are_one_row_of_mean_and_deviation_and_all_their_pictures(tmp_path: Path) -> None:
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
    assert all(np.array_equal(one, other) for one, other in zip(shown, expected, strict=True))


def test_what_may_not_be_compared_is_apart_and_the_page_says_why() -> None:
    other = scored("b", {"fid": (2.0, 0.1)})
    other = replace(other, samples=replace(other.samples, count=40))
    text = Outline(page_of(compare([scored("a", {"fid": (1.0, 0.1)}), other]))).text
    assert "Not comparable with digits:test, 100 samples above." in text
    assert "number of samples: 40, not 100" in text
    assert "Against digits:test, 40 samples" in text


def test_the_headline_names_the_best_and_those_within_its_error() -> None:
    runs = {"a": 1.0, "b": 1.2, "c": 3.0}
    comparison = compare([scored(name, {"fid": (value, 0.1)}) for name, value in runs.items()])
    found = headline_of(comparison.groups[0])
    assert found is not None
    assert (found.best, found.within, found.beyond, found.unknown) == (("a",), ("b",), 1, 0)
    text = Outline(page_of(comparison)).text
    assert "a has the best FID (digits classifier): 1.00 ±0.10 . Within the error of it: b." in text


def test_the_headline_says_nothing_of_errors_that_are_not_known() -> None:
    comparison = compare([scored(name, {"fid": (value, None)}) for name, value in {"a": 1.0, "b": 9.0}.items()])
    found = headline_of(comparison.groups[0])
    assert found is not None
    assert (found.within, found.beyond, found.unknown) == ((), 0, 1)
    assert "worse by more than" not in Outline(page_of(comparison)).text


def test_a_line_of_the_card_lies_where_its_value_is_on_the_scale() -> None:
    names = {"precision": (0.25, 0.05), "inception_score": (5.0, 1.0), "kid": (0.0, 0.5)}
    real = scored("r", {"precision": (0.9, 0.01), "inception_score": (9.0, 0.0), "kid": (-1.0, 0.1)}, "real (train)")
    noise = scored("n", {"precision": (0.0, 0.0), "inception_score": (1.0, 0.0), "kid": (70.0, 0.1)}, "noise")
    group = compare([scored("a", names), real, noise]).groups[0]
    tracks = {line.name: line.track for line in score_lines(group, group.contenders[0])}
    precision, inception, kid = (tracks[name] for name in names)
    assert precision is not None
    assert inception is not None
    assert kid is not None
    assert (precision.at, precision.low, precision.high, precision.real, precision.noise) == (25, 20, 30, 90, 0)
    # from 1 to 1 + 8 · 1.06
    assert (inception.at, inception.real, inception.noise) == (47.17, 94.34, 0)
    # from -1 to -1 + 1.5 · 1.06; noise is far off
    assert (kid.at, kid.real, kid.noise) == (62.89, 0, None)


def test_the_samples_are_the_stored_ones_beside_their_nearest_real_pictures(tmp_path: Path) -> None:
    made, near = random_images(4), random_images(4, seed=1)
    distances = np.array([1.25, 0.099, 0.1, 0.5], np.float32)
    run = run_folder(
        tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), pictures=made, neighbours=near, distances=distances,
        neighbours_of=np.array("digits:train"),
    )  # fmt: skip
    page = Outline(page_of(compare([run])))
    images = page.all("img")
    shown = [pixels_of(image["src"]) for image in images]
    expected = [one[..., 0] for pair in zip(made, near, strict=True) for one in pair]
    assert all(np.array_equal(one, other) for one, other in zip(shown, expected, strict=True))
    assert [image["alt"] for image in images[:2]] == ["sample 1", "the real image nearest to sample 1"]
    assert {(image["width"], image["height"]) for image in images} == {("64", "64")}
    assert re.findall(r"\d\.\d\d(?: copy\?)?(?= )", page.text[page.text.index("1.25") :])[:4] == [
        "1.25", "0.10 copy?", "0.10", "0.50",
    ]  # fmt: skip
    assert "4 drawn at random, not picked" in page.text
    assert "real image of digits:train nearest to it" in page.text
    assert "1 sample is nearer than 0.1: check whether it is a copy." in page.text
    assert "a : 1 of the samples shown is nearer than 0.1 to a real image: check whether it is a copy." in page.text


def test_no_copy_is_said_where_none_is(tmp_path: Path) -> None:
    arrays = {"pictures": random_images(2), "neighbours": random_images(2), "distances": np.ones(2, np.float32)}
    text = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **arrays)]))).text
    assert "None is nearer than 0.1." in text
    assert "check whether" not in text


def test_conditional_models_show_eight_of_each_class(tmp_path: Path) -> None:
    by_class = random_images(16, channels=3).reshape(2, 8, 8, 8, 3)
    names = np.array(["cat", "<b>dog"])
    arrays = {"pictures": random_images(2), "labels": np.array([1, 0]), "classes": names, "by_class": by_class}
    page = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **arrays)])))
    strips = [image for image in page.all("img") if str(image["alt"]).startswith("random samples of class")]
    assert [image["alt"] for image in strips] == ["random samples of class cat", "random samples of class <b>dog"]
    pixels = pixels_of(strips[1]["src"])
    assert pixels.shape == (8, 8 * 8 + 7, 4)
    opaque = pixels[:, pixels[0, :, 3] == 255, :3]
    assert np.array_equal(opaque, np.concatenate(list(by_class[1]), axis=1))
    assert "Eight random samples of each class" in page.text


def test_small_pictures_are_exact_and_large_ones_are_webp_of_a_size_to_look_at() -> None:
    small, large = random_images(1, 32, 3)[0], random_images(1, 128, 3)[0]
    assert np.array_equal(pixels_of(inline_image(small, "").uri), small)
    assert (inline_image(small, "").width, inline_image(large, "").width) == (64, 96)
    assert inline_image(large, "").uri.startswith("data:image/webp;base64,")
    assert inline_strip(random_images(8, 128, 3), "").height == 96


def test_a_run_of_an_earlier_version_shows_its_last_grid(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    grid = np.repeat(random_images(1, 22)[0], 3, axis=2)
    (run / "grids").mkdir()
    Image.new("RGB", (22, 22)).save(run / "grids" / "step-00000100.png")
    Image.fromarray(grid).resize((66, 66), Image.Resampling.NEAREST).save(run / "grids" / "step-00001200.png")
    page = Outline(page_of(compare([run])))
    (image,) = page.all("img")
    assert np.array_equal(pixels_of(image["src"]), grid.repeat(3, 0).repeat(3, 1))
    assert (image["width"], image["height"]) == ("66", "66")
    assert "Samples at step 1,200" in page.text


BROKEN = {
    "cut": (None, "cannot be read"),
    "floats": ({"pictures": np.zeros((2, 8, 8, 1))}, "pictures is float64 (2, 8, 8, 1), needed uint8"),
    "flat": ({"pictures": np.zeros((2, 8, 8), np.uint8)}, "pictures is uint8 (2, 8, 8), needed uint8"),
    "other": ({"images": random_images(2)}, "needed pictures"),
    "fewer": ({"pictures": random_images(2), "neighbours": random_images(1)}, "are not as many as the pictures"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_gallery_is_one_line_of_a_page_that_stands(tmp_path: Path, kind: str) -> None:
    arrays, line = BROKEN[kind]
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **(arrays or {"pictures": random_images(2)}))
    if arrays is None:
        (run / "gallery.npz").write_bytes((run / "gallery.npz").read_bytes()[:60])
    page = Outline(page_of(compare([run])))
    assert line in page.text
    assert str(run / "gallery.npz") in page.text
    assert page.all("img") == []


def test_an_array_of_objects_is_refused_and_not_run(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    np.savez(run / "gallery.npz", pictures=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(Exception, match="cannot be read") as caught:
        gallery_of(run)
    assert type(caught.value).__name__ == "ContentError"


def test_a_report_file_by_itself_says_where_its_pictures_are(tmp_path: Path) -> None:
    file = tmp_path / "alone.json"
    file.write_text(scored("a", {"fid": (1.0, 0.1)}).to_json())
    assert (
        "A report file on its own: its images are in the folder of its run." in Outline(page_of(compare([file]))).text
    )


HOSTILE = "<script>alert(1)</script>"


def test_whatever_users_named_is_escaped(tmp_path: Path) -> None:
    folder = tmp_path / f"<img src=x onerror=alert(1)> Ünïcode 数字 {chr(39)}&amp;"
    report = scored(
        HOSTILE, {"fid": (1.0, 0.1), HOSTILE: (1.0, 0.1)}, '"><script>alert(2)</script>', warnings=(HOSTILE,)
    )
    verdict = {"name": "diverged", "sentence": HOSTILE}
    report = replace(report, more={"training": {"model": HOSTILE, "data": HOSTILE, "verdicts": [verdict]}})
    other = replace(scored("Größe→数字", {"fid": (2.0, 0.1)}), warnings=("</style><script>alert(3)</script>",))
    runs = [run_folder(folder, report, pictures=random_images(1)), run_folder(tmp_path / "b", other)]
    html = page_of(compare(runs), notices=[HOSTILE], title=f"{HOSTILE} & title")
    page = Outline(html)
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert html.count("alert(") == html.count("alert(1)&lt;") + html.count("alert(1)&gt;") + html.count(
        "alert(2)&lt;"
    ) + html.count("alert(3)&lt;")
    for text in (f"{HOSTILE} & title", "Größe→数字", str(folder)):
        assert text in page.text


@pytest.fixture(scope="module")
def recorded() -> str:
    """The page of the recorded runs."""
    return page_of(compare([RECORDED]))


def test_the_page_is_whole_by_itself_and_its_policy_lets_only_its_own_script_run(recorded: str) -> None:
    html, page = recorded, Outline(recorded)
    places = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href")
    ]
    assert places
    assert all(str(place).startswith(("data:", "#")) for place in places)
    assert "@import" not in html
    assert not re.search(r"url\((?!#|&quot;#|'#)", html)
    script = html[html.index("<script>") + 8 : html.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in str(policy)


def test_identifiers_are_unique_and_links_lead_somewhere(recorded: str) -> None:
    page = Outline(recorded)
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert sorted(set(names), key=str) == sorted(names, key=str)
    links = {str(link["href"])[1:] for link in page.all("a")}
    assert links - set(map(str, names)) == set()


def test_recorded_runs_are_all_on_the_page_and_it_is_small(recorded: str) -> None:
    names = [row.name for group in compare([RECORDED]).groups for row in group.contenders]
    text = Outline(recorded).text
    assert len(names) == 8
    assert all(name in text for name in names)
    assert len(recorded) < 4_000_000


def test_the_page_is_the_same_every_time() -> None:
    first, second = (page_of(compare([RECORDED / "digits-cgan-s0"])) for _ in range(2))
    assert first == second


def test_both_directions_of_a_translation_have_pictures_of_their_own_and_their_training_once(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}), pictures=random_images(1))
    (run / "report-back.json").write_text(scored("c b→a", {"fid": (2.0, 0.1)}).to_json())
    np.savez_compressed(run / "gallery-back.npz", pictures=random_images(1, seed=1))
    page = Outline(page_of(compare([run])))
    shown = [pixels_of(image["src"]) for image in page.all("img")]
    assert np.array_equal(shown[0], random_images(1)[0, ..., 0])
    assert np.array_equal(shown[1], random_images(1, seed=1)[0, ..., 0])
    assert page.text.count("are on the card of c a→b") == 1


def test_broken_counts_of_the_way_back_are_said_on_its_card(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}), pictures=random_images(1))
    back = scored("c b→a", {"fid": (2.0, 0.1)})
    counts = Score(3, "higher", more={"samples": "x", "reference": [1]})
    (run / "report-back.json").write_text(replace(back, scores={**back.scores, "modes_covered": counts}).to_json())
    assert "modes: c b→a: samples by mode is x, needed whole numbers" in Outline(page_of(compare([run]))).text


def test_a_page_is_sorted_by_a_score_that_some_group_lacks() -> None:
    runs = [RECORDED / name for name in ("digits-cgan-s0", "digits-cyclegan-s0")]
    page = Outline(page_of(compare([one for run in runs for one in load_reports(run)], sort="psnr")))
    assert "PSNR dB" in page.text
    assert "digits-cgan-s0" in page.text


def test_names_break_after_hyphens_and_arrows_alone_and_are_read_as_they_are(tmp_path: Path) -> None:
    page = page_of(compare([scored("digits-c <b> a→b", {"fid": (1.0, 0.1)})]))
    assert "digits-<wbr>c &lt;b&gt; a→<wbr>b</a>" in page
    assert "digits-c <b> a→b" in Outline(page).text


def test_a_warning_of_all_runs_is_said_once_and_one_of_a_run_on_its_card() -> None:
    first = scored("a", {"fid": (1.0, 0.1)}, warnings=("few images", "a is odd"))
    text = Outline(page_of(compare([first, scored("b", {"fid": (2.0, 0.1)}, warnings=("few images",))]))).text
    assert text.count("few images") == 1
    assert text.count("a is odd") == 1
    assert text.index("few images") < text.index("The runs") < text.index("a is odd")


def test_provenance_has_fingerprints_protocol_weights_date_and_configuration(tmp_path: Path) -> None:
    text = Outline(page_of(compare([run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))]))).text
    for fact in ("sha256:a", "sha256:aa", HOW.line(), "2026-01-31T12:00:00Z, by ganeval 0.1.0", str(tmp_path / "a")):
        assert fact in text
    assert '"seed": 7' in text


def test_a_broken_config_does_not_stop_the_page(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    (run / "config.json").write_text("{")
    assert "1.00 ±0.10" in Outline(page_of(compare([run]))).text


def test_only_what_is_shown_is_explained() -> None:
    text = Outline(page_of(compare([scored("a", {"kid": (1.0, 0.1)})]))).text
    assert "KID (kernel distance)" in text
    assert "Precision and recall" not in text


def test_the_command_writes_the_page_and_says_what_it_left_out(tmp_path: Path, run: Callable[..., Any]) -> None:
    run_folder(tmp_path / "runs" / "a", scored("a", {"fid": (1.0, 0.1)}))
    half = tmp_path / "runs" / "half"
    half.mkdir()
    (half / "config.json").write_text(json.dumps({"ganeval": "0.1.0", "config": {"steps": 2000}}))
    (half / "log.jsonl").write_text('{"step": 50}\n{"step": 10')
    target = tmp_path / "a folder" / "report.html"
    result = run("report", tmp_path / "runs", "-o", target, "--title", "Ours")
    assert (result.exit_code, result.stdout) == (0, f"{target}: 1 run, {target.stat().st_size / 1e6:.1f} MB\n")
    line = f"{half}: unfinished (step 50 of 2,000): run the same command again to resume"
    assert f"warning: {line}" in result.stderr
    page = Outline(target.read_text(encoding="utf-8"))
    assert line in page.text
    assert page.text.count("Ours") == 2  # the title of the window and the heading
    assert sorted(one.name for one in target.parent.iterdir()) == ["report.html"]


def test_the_command_names_what_is_wrong(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    for arguments, line in {
        (tmp_path / "gone",): "no such file or folder",
        (folder, "-o", tmp_path): "found a folder, needed a file to write",
        (folder, "--sort", "fdi"): "unknown score to sort by 'fdi': did you mean 'fid'?",
        (folder, "--baseline", "b"): "unknown baseline 'b'",
    }.items():
        result = run("report", *arguments, *(() if "-o" in arguments else ("-o", tmp_path / "x.html")))
        assert result.exit_code == 2
        assert line in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "x.html").exists()


def test_only_a_page_is_written_so_that_no_report_is_ever_overwritten(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    before = (folder / "report.json").read_text()
    result = run("report", folder, "-o", folder / "report.json")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: -o {folder / 'report.json'}: the page is HTML, needed a name that ends in .html\n",
    )
    assert (folder / "report.json").read_text() == before


def test_the_page_is_made_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom ganeval.cli import main\n"
        f"try:\n    main(['report', {str(RECORDED / 'digits-cgan-s0')!r}, '-o', {str(tmp_path / 'x.html')!r}])\n"
        "except SystemExit as done:\n    assert not done.code\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_value_that_is_no_number_is_said_and_never_shown(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1), "recall": (0.5, 0.1)}))
    file = folder / "report.json"
    file.write_text(file.read_text().replace('"value": 0.5', '"value": NaN'))
    result = run("report", folder, "-o", tmp_path / "page.html")
    page = Outline((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert result.exit_code == 0
    for text in (result.stderr, page.text):
        assert "the value of recall is nan, which is no number" in text
    assert "recall" not in [plain(one) for one in re.findall(r"<th.*?</th>", (tmp_path / "page.html").read_text())]


def test_a_layer_is_asked_of_every_trained_run(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_run, trained = (run_folder(tmp_path / name, scored(name, {"fid": (1.0, 0.1)})) for name in "ab")
    write_run(trained, scored("b", {"fid": (2.0, 0.1)}), {"config": {"model": "dcgan"}})
    asked: list[tuple[Path, str]] = []
    monkeypatch.setattr("ganeval.training.insight.activation.store_activation", lambda *given: asked.append(given))
    assert run("report", plain_run, trained, "--layer", "up1", "-o", tmp_path / "page.html").exit_code == 0
    assert asked == [(trained, "up1")]
    result = run("report", plain_run, "--layer", "up1", "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: --layer up1: found no trained run, needed one with its checkpoint\n",
    )


def test_a_layer_that_some_run_cannot_show_is_said_and_the_page_is_written(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        write_run(tmp_path / name, scored(name, {"fid": (1.0, 0.1)}), {"config": {"model": "dcgan"}})

    def store(folder: Path, layer: str) -> None:
        if folder.name == lacking or lacking == "all":
            raise ContentError(f"{folder}: no checkpoint")

    monkeypatch.setattr("ganeval.training.insight.activation.store_activation", store)
    lacking = "a"
    arguments = ("report", tmp_path / "a", tmp_path / "b", "--layer", "up1", "-o", tmp_path / "page.html")
    result = run(*arguments)
    line = f"--layer up1: {tmp_path / 'a'}: no checkpoint"
    assert (result.exit_code, result.stderr) == (0, f"warning: {line}\n")
    assert line in Outline((tmp_path / "page.html").read_text(encoding="utf-8")).text
    lacking = "all"
    (tmp_path / "page.html").unlink()
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (1, f"Error: {tmp_path / 'a'}: no checkpoint\n")
    assert not (tmp_path / "page.html").exists()


def test_every_colour_of_the_plots_is_one_of_the_page() -> None:
    style = (Path(page_package.__file__).parent / "page.css").read_text()
    assert {name for name in VARIABLES.values() if f"--plot-{name}:" not in style} == set()


ODD = {
    "words for distances": (
        {"distances": np.array(["a", "b"])},
        "distances is <U1 (2,), needed a number for each image",
    ),
    "tables of distances": ({"distances": np.zeros((2, 2))}, "distances is float64 (2, 2), needed a number for each"),
    "labels of nothing": (
        {"labels": np.full(2, np.nan)},
        "labels is float64 (2,), needed a whole number for each image",
    ),
    "tables of labels": ({"labels": np.zeros((2, 2), int)}, "labels is int64 (2, 2), needed a whole number for each"),
    "one class and no list": ({"classes": np.array("cat")}, "classes is <U3 (), needed a list of names"),
    "pictures of no size": ({"pictures": np.zeros((2, 0, 0, 1), np.uint8)}, "pictures is uint8 (2, 0, 0, 1), needed"),
    "neighbours of no size": (
        {"neighbours": np.zeros((2, 8, 0, 1), np.uint8)},
        "neighbours is uint8 (2, 8, 0, 1), needed",
    ),
    "classes of no samples": (
        {"by_class": np.zeros((1, 0, 8, 8, 1), np.uint8)},
        "by_class is uint8 (1, 0, 8, 8, 1), needed",
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_gallery_of_another_kind_is_one_line_of_a_page_that_stands(tmp_path: Path, kind: str) -> None:
    arrays, line = ODD[kind]
    whole = {"pictures": random_images(2), "neighbours": random_images(2), "classes": np.array(["cat"])}
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}), **{**whole, **arrays})
    page = Outline(page_of(compare([run])))
    assert f"{run / 'gallery.npz'}: {line}" in page.text
    assert page.all("img") == []


def test_of_an_earlier_run_the_grid_is_that_of_the_checkpoint_that_was_scored(tmp_path: Path) -> None:
    report = replace(scored("a", {"fid": (1.0, 0.1)}), more={"training": {"best_step": 1200}})
    run = run_folder(tmp_path / "a", report)
    (run / "grids").mkdir()
    grids = {step: np.repeat(random_images(1, 22, seed=step)[0], 3, axis=2) for step in (100, 1200, 2400)}
    for step, pixels in grids.items():
        Image.fromarray(pixels).save(run / "grids" / f"step-{step:08}.png")
    page = Outline(page_of(compare([run])))
    (image,) = page.all("img")
    assert np.array_equal(pixels_of(image["src"]), grids[1200])
    assert (
        "Samples at step 1,200 Their latents were drawn before training and are the same at every check." in page.text
    )
    (run / "grids" / "step-00001200.png").unlink()
    page = Outline(page_of(compare([run])))
    assert np.array_equal(pixels_of(page.all("img")[0]["src"]), grids[2400])
    assert "Samples at step 2,400" in page.text


@pytest.mark.parametrize("damage", ["cut", "bomb"])
def test_a_broken_grid_is_one_line_of_a_page_that_stands(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    path = run / "grids" / "step-00000100.png"
    path.parent.mkdir()
    Image.fromarray(random_images(1, 100, 3)[0]).save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:40])
    else:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    page = Outline(page_of(compare([run])))
    assert f"{path}: cannot be read (" in page.text
    assert page.all("img") == []


def test_large_pictures_are_no_larger_in_the_file_than_a_sharp_screen_shows(tmp_path: Path) -> None:
    large, wide = random_images(8, 256, 3), random_images(1, 250, 1)[0][:100]
    assert pixels_of(inline_image(large[0], "").uri).shape == (192, 192, 3)
    assert pixels_of(inline_image(wide, "").uri).shape[:2] == (77, 192)
    assert (inline_image(wide, "").width, inline_image(wide, "").height) == (96, 38)
    assert pixels_of(inline_strip(large, "").uri).shape == (192, 8 * 192 + 7 * 16, 4)
    assert pixels_of(inline_image(large[0][:192, :192], "").uri).shape == (192, 192, 3)


def test_a_translation_is_one_run_with_two_rows_and_yardsticks_are_no_runs(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "c", scored("c a→b", {"fid": (1.0, 0.1)}))
    (run / "report-back.json").write_text(scored("c b→a", {"fid": (2.0, 0.1)}).to_json())
    assert "1 run against digits:test" in Outline(page_of(compare([run]))).text
    marks = [scored("r", {"fid": (0.1, 0.1)}, "real (train)"), scored("n", {"fid": (9.0, 0.1)}, "noise")]
    assert "2 yardsticks against digits:test" in Outline(page_of(compare(marks))).text


def test_a_table_of_one_run_does_not_speak_of_the_best_or_of_sorting() -> None:
    one, two = scored("a", {"fid": (1.0, 0.1)}), scored("b", {"fid": (2.0, 0.1)})
    text = Outline(page_of(compare([one]))).text
    assert "best of its column" not in text
    assert "Click a heading to sort." not in text
    text = Outline(page_of(compare([one, two]))).text
    assert "best of its column" in text
    assert "Click a heading to sort." in text


def test_the_ends_of_a_scale_are_plain_numbers() -> None:
    report = scored("a", {"fid": (1234.5, 0.1), "kid": (-0.0073, 0.001)})
    modes = {"modes_covered": Score(2877, "higher", total=3000)}
    other = scored("b", {"fid": (100.0, 0.1), "kid": (0.05, 0.001)})
    group = compare([replace(report, scores={**report.scores, **modes}), other]).groups[0]
    ends = {line.name: line.track.ends for line in score_lines(group, group.contenders[1]) if line.track}
    assert ends["modes_covered"] == ("0", "3,000")
    assert ends["fid"] == ("0", "1,309")  # (1234.5 + 0.1) · 1.06
    assert ends["kid"] == ("−0.007", "0.054")  # (0.051 + 0.0073) · 1.06 - 0.0073


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


def test_a_folder_whose_name_is_no_text_is_shown_with_escapes(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a\udcff", scored("a", {"fid": (1.0, 0.1)}))
    result = run("report", folder, "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "a\\udcff" in (tmp_path / "page.html").read_text(encoding="utf-8")
