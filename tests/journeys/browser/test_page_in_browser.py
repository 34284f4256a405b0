"""The page as a browser shows it: nothing breaks, nothing is fetched, tables sort, everything can be read."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.reports.report import ImageSet, Protocol, Report, Score
from ganeval.reports.run_folders import write_run

RECORDED = Path(__file__).parents[3] / "results" / "recorded"
HOSTILE = "<script>window.broken=1</script><img src=x onerror='window.broken=1'>"
HOW = Protocol("tf1", "digits", "features", "published", "48", "tf1-bilinear")
FIDS = {"ten": 10.0, "two": 2.0, "Größe 数字": 9.5, HOSTILE: 1.5, "none": None}

# for every element that has text of its own: its colour on what lies behind it, by WCAG 2's contrast
CONTRASTS = """() => {
  const numbers = text => {
    const found = (text.match(/[\\d.]+(?:e-?\\d+)?/g) || []).map(Number);
    if (text.startsWith('color(srgb')) return [...found.slice(0, 3).map(x => 255 * x), found[3] ?? 1];
    return [...found.slice(0, 3), found[3] ?? 1];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(numbers(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = colour => {
    const [r, g, b] = colour.map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const low = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const back = behind(drawn ? element.closest('svg').parentElement : element);
    const ink = over(numbers(drawn ? style.fill : style.color), back);
    const [one, other] = [light(ink), light(back)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const where = `${element.tagName}.${element.getAttribute('class')}`;
    if (contrast < 4.5) low.push(`${contrast.toFixed(2)} ${where}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return low;
}"""


def scored(name: str, fid: float | None, source: str = "") -> Report:
    scores = {"recall": Score(0.5, "higher", 0.02)} | ({} if fid is None else {"fid": Score(fid, "lower", 0.1)})
    samples = ImageSet(name, source or name, 100, f"sha256:{name}", (3, 8, 8))
    return Report("0.1.0", "2026-01-31T12:00:00Z", samples, ImageSet("real", "real", 500), HOW, scores, (HOSTILE,))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of five runs whose names and values are awkward, with yardsticks."""
    reports = [scored(name, fid) for name, fid in FIDS.items()]
    reports += [scored("real (train)", 0.1, "real (train)"), scored("noise", 70.0, "noise")]
    path = tmp_path_factory.mktemp("small") / "page.html"
    path.write_text(page_of(compare(reports), notices=[HOSTILE], title=HOSTILE), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all its parts: real runs, galleries with a copy, classes, a name too long for a phone."""
    folder = tmp_path_factory.mktemp("whole")
    for run in sorted(RECORDED.glob("digits-*")):
        shutil.copytree(run, folder / run.name)
    random = np.random.RandomState(0)
    arrays = {
        "pictures": random.randint(0, 256, (32, 8, 8, 1), np.uint8),
        "neighbours": random.randint(0, 256, (32, 8, 8, 1), np.uint8),
        "distances": np.linspace(0.01, 2, 32).astype(np.float32),
        "neighbours_of": np.array("digits:train"),
        "labels": np.arange(32) % 10,
        "classes": np.array([f"class {number}" for number in range(10)]),
        "by_class": random.randint(0, 256, (10, 8, 8, 8, 1), np.uint8),
    }
    np.savez_compressed(folder / "digits-cgan-s0" / "gallery.npz", **arrays)
    write_run(folder / "long", scored("a_name_without_a_single_space_that_no_phone_has_room_for_" * 3, 1.0), {})
    path = folder / "page.html"
    comparison = compare([folder], baseline="digits-dcgan-s0")
    path.write_text(page_of(comparison, notices=[f"{folder}/half: unfinished"]), encoding="utf-8")
    return path


def names(page: Any) -> list[str]:
    """The runs in the order in which the first table has them."""
    found: list[str] = page.eval_on_selector_all("tbody.judged th", "all => all.map(one => one.dataset.sort)")
    return found


def open_details(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


@pytest.mark.slow
def test_nothing_breaks_nothing_is_fetched_and_every_image_is_there(browser_page: Any, whole: Path) -> None:
    page = browser_page.open(whole)
    open_details(page)
    widths = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    assert len(widths) >= 32 * 2 + 10
    assert min(widths) > 0
    assert page.locator("figure svg.plot").count() >= 12
    browser_page.check()


def test_small_images_are_enlarged_without_smoothing_and_by_a_whole_number(browser_page: Any, whole: Path) -> None:
    page = browser_page.open(whole)
    pictures = page.locator(".pair img")
    scales = pictures.evaluate_all("all => all.map(one => one.getBoundingClientRect().width / one.naturalWidth)")
    ways = pictures.evaluate_all("all => all.map(one => getComputedStyle(one).imageRendering)")
    assert set(scales) == {4, 8}  # of 16 and of 8 pixels
    assert set(ways) == {"pixelated"}


def test_names_are_text_and_never_run(browser_page: Any, small: Path) -> None:
    page = browser_page.open(small)
    assert page.title() == HOSTILE
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.evaluate("window.broken") is None
    assert page.locator("body img").count() == 0
    browser_page.check()


def test_a_heading_sorts_by_number_and_back_with_what_is_missing_last(browser_page: Any, small: Path) -> None:
    page = browser_page.open(small)
    best_first = [HOSTILE, "two", "Größe 数字", "ten"]
    assert names(page) == [*best_first, "none"]
    fid = page.locator("table.scores thead th").nth(2)
    assert fid.get_attribute("aria-sort") == "ascending"
    fid.locator("button").click()
    assert names(page) == [*best_first[::-1], "none"]
    assert fid.get_attribute("aria-sort") == "descending"
    fid.locator("button").click()
    assert names(page) == [*best_first, "none"]


def test_the_first_click_on_a_score_puts_the_best_first_and_marks_one_heading(browser_page: Any, whole: Path) -> None:
    page = browser_page.open(whole)
    headings = page.locator("table.scores").first.locator("thead th")
    recall = headings.filter(has_text="recall")
    recall.locator("button").click()
    column = recall.evaluate("one => one.cellIndex")
    values = page.eval_on_selector_all(
        "#scores section:first-child tbody.judged tr",
        f"all => all.map(row => Number(row.cells[{column}].dataset.sort))",
    )
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 2
    sorts = headings.evaluate_all("all => all.map(one => one.getAttribute('aria-sort')).filter(Boolean)")
    assert sorts == ["descending"]


def test_yardsticks_stay_where_they_are_when_a_table_is_sorted(browser_page: Any, small: Path) -> None:
    page = browser_page.open(small)
    page.locator("table.scores thead button").nth(1).click()
    rows = page.eval_on_selector_all("table.scores tbody th", "all => all.map(one => one.dataset.sort)")
    assert (rows[0], rows[-1]) == ("real (train)", "noise")


def test_the_keyboard_sorts_and_its_focus_can_be_seen(browser_page: Any, small: Path) -> None:
    page = browser_page.open(small)
    page.locator("table.scores thead button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    style = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert style == "solid3px"
    page.keyboard.press("Enter")
    assert names(page) == [HOSTILE, "Größe 数字", "none", "ten", "two"]
    heading = page.locator("table.scores thead th.name")
    assert heading.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.locator("#status").inner_text() == "Sorted by run, descending."


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_sideways_scroll_with_everything_open(
    open_page: Callable[..., Any], whole: Path, scheme: str
) -> None:
    watched = open_page(viewport={"width": 400, "height": 800}, color_scheme=scheme)
    page = watched.open(whole)
    open_details(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate("[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth)")
    watched.check()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(open_page: Callable[..., Any], whole: Path, scheme: str) -> None:
    page = open_page(color_scheme=scheme).open(whole)
    open_details(page)
    assert page.evaluate(CONTRASTS) == []


def test_light_and_dark_follow_the_reader_and_a_choice_is_stored(open_page: Callable[..., Any], small: Path) -> None:
    page = open_page(color_scheme="dark").open(small)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    button = page.locator("[data-theme-toggle]")
    assert button.inner_text() == "Light"
    button.click()
    assert page.evaluate(ground) != dark
    page.reload()
    assert page.evaluate(ground) != dark
    assert button.inner_text() == "Dark"
    button.click()
    assert page.evaluate(ground) == dark


@pytest.mark.slow
def test_the_page_can_be_read_without_javascript(open_page: Callable[..., Any], whole: Path) -> None:
    watched = open_page(java_script_enabled=False)
    page = watched.open(whole)
    text = page.locator("main").inner_text()
    assert "digits-wgan-gp-s0" in text
    assert "Click a heading to sort." not in text
    assert page.locator("button:visible").count() == 0
    galleries = list(whole.parent.glob("*/gallery*.npz"))
    assert page.locator(".pair img:visible").count() == 64 * len(galleries) > 64
    page.locator("summary").first.click()
    assert page.locator("details[open]").count() == 1


def test_provenance_is_copied_as_text(open_page: Callable[..., Any], small: Path) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"]).open(small)
    part = page.locator(".provenance").first
    part.locator("summary").click()
    part.locator("button").click()
    page.locator("#status", has_text="Copied").wait_for(state="attached")  # a string to poll is eval: forbidden
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f"protocol: {HOW.line()}\n" in copied
    assert copied.startswith("samples: ")


@pytest.mark.slow
def test_paper_has_no_controls_is_light_and_keeps_cards_whole(open_page: Callable[..., Any], whole: Path) -> None:
    page = open_page(color_scheme="dark").open(whole)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".bar, .theme, [data-copy]").evaluate_all("all => all.every(one => !one.checkVisibility())")
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).breakInside") == "avoid"
    assert page.locator(".provenance dl").first.is_visible()
    assert not page.locator(".learning").first.is_visible()


@pytest.mark.slow
def test_links_of_the_table_lead_to_the_cards(browser_page: Any, whole: Path) -> None:
    page = browser_page.open(whole)
    page.locator("table.scores tbody a").first.click()
    target = page.url.partition("#")[2]
    assert page.locator(f"#{target} h3").inner_text() == page.locator("table.scores tbody a").first.inner_text()
    assert page.evaluate("scrollY") > 500


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a run with large images and long names of classes."""
    folder = tmp_path_factory.mktemp("large")
    write_run(folder / "large", scored("large", 1.0), {})
    random = np.random.RandomState(0)
    arrays = {
        "pictures": random.randint(0, 256, (12, 256, 256, 3), np.uint8),
        "neighbours": random.randint(0, 256, (12, 256, 256, 3), np.uint8),
        "distances": np.linspace(0.01, 2, 12).astype(np.float32),
        "labels": np.arange(12) % 4,
        "classes": np.array([f"{number} a long name of a class, and then some" for number in range(4)]),
        "by_class": random.randint(0, 256, (4, 8, 256, 256, 3), np.uint8),
    }
    np.savez_compressed(folder / "large" / "gallery.npz", **arrays)
    path = folder / "page.html"
    path.write_text(page_of(compare([folder])), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 400])
def test_images_and_captions_lie_apart_at_any_size(open_page: Callable[..., Any], large: Path, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900}).open(large)
    boxes = page.eval_on_selector_all(
        ".pair img",
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])",
    )
    assert len(boxes) == 24
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert right <= width
        for other in boxes[index + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    heights = page.eval_on_selector_all(".caption", "all => all.map(one => one.getBoundingClientRect().height)")
    assert max(heights) < 25  # of one line
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
@pytest.mark.parametrize(("width", "media"), [(1280, "screen"), (400, "screen"), (720, "print")])
def test_no_image_is_stretched(open_page: Callable[..., Any], whole: Path, large: Path, width: int, media: str) -> None:
    for path in (whole, large):
        page = open_page(viewport={"width": width, "height": 900}).open(path)
        open_details(page)
        page.emulate_media(media=media)
        stretched = page.eval_on_selector_all(
            "img",
            """all => all.map(one => [one, one.getBoundingClientRect()])
                .map(([one, box]) => [one.alt, box.width / box.height * one.naturalHeight / one.naturalWidth])
                .filter(([alt, ratio]) => Math.abs(ratio - 1) > 0.03)""",
        )
        assert stretched == []


def test_a_name_of_usual_length_is_on_one_line(browser_page: Any, whole: Path) -> None:
    page = browser_page.open(whole)
    link = page.locator("tbody a", has_text="digits-wgan-gp-s0").first
    assert link.evaluate("one => new Set([...one.getClientRects()].map(box => box.top)).size") == 1


@pytest.mark.slow
@pytest.mark.parametrize("width", [400, 650, 800, 1024, 1100, 1280, 1440])
def test_the_scores_of_a_card_keep_to_their_place_with_differences_and_long_ends(
    open_page: Callable[..., Any], tmp_path: Path, width: int
) -> None:
    found = {"inception_score": Score(9.5, "higher", 0.048), "kid": Score(-0.00005, "lower", 0.00061)}
    found |= {name: Score(0.8, "higher", 0.031) for name in ("precision", "recall", "density", "coverage")}
    shutil.copytree(RECORDED / "digits-cgan-s0", tmp_path / "a")
    reports = [replace(scored(name, fid), scores={**found, "fid": Score(fid, "lower", 0.0123)})
               for name, fid in {"a": 0.3912, "b": 10.0612}.items()]  # fmt: skip
    write_run(tmp_path / "a", reports[0], {})
    path = tmp_path / "page.html"
    path.write_text(page_of(compare([tmp_path / "a", reports[1]], baseline=reports[1])), encoding="utf-8")
    page = open_page(viewport={"width": width, "height": 900}).open(path)
    beyond = page.eval_on_selector_all(
        ".scored .ledger, .scored .place-on",
        """all => all.map(one => [one, one.closest('.scored')].map(one => one.getBoundingClientRect().right))
            .map(([own, room]) => own - room)""",
    )
    assert len(beyond) > 7
    assert max(beyond) < 1
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert "−0.00005" in page.inner_text(".scored")
    assert page.eval_on_selector_all(".track .end", cut) == []
    pictures = page.eval_on_selector_all(
        ".classes, .scored",
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])",
    )
    (left, top, right, bottom), other = pictures[0], pictures[1]
    assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


@pytest.mark.slow
def test_a_table_of_all_headlines_and_differences_fits_a_usual_screen(browser_page: Any, tmp_path: Path) -> None:
    scores = ("kid", "inception_score", "precision", "recall", "density", "coverage", "modes_kl", "human_error_rate")
    reports = []
    for name, fid in {"cgan": 0.39, "dcgan": 3.76, "vanilla": 10.06}.items():
        found = {score: Score(0.1234 * fid, "lower", 0.0123) for score in scores}
        found |= {"fid": Score(fid, "lower", 0.11), "modes_covered": Score(10, "higher", total=10)}
        reports.append(replace(scored(name, fid), scores=found))
    (tmp_path / "page.html").write_text(page_of(compare(reports, baseline="dcgan")), encoding="utf-8")
    page = browser_page.open(tmp_path / "page.html")
    assert page.locator("table.scores thead th").count() == 12
    assert page.evaluate("(one => one.scrollWidth - one.clientWidth)(document.querySelector('.scroll'))") <= 0
