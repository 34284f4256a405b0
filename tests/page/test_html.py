"""The page as one HTML file: escaped, self-contained, under its own policy, equal every time."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from example_pages import (
    RECORDED,
    Outline,
    random_images,
    run_folder,
    scored,
)

import ganeval.page as page_package
from ganeval.comparison import compare
from ganeval.page import page_of
from ganeval.plots.theme import VARIABLES

HOSTILE = "<script>alert(1)</script>"


def test_all_names_are_escaped(tmp_path: Path) -> None:
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


@pytest.mark.slow
def test_the_page_is_self_contained_and_its_policy_allows_only_its_own_script(recorded: str) -> None:
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


@pytest.mark.slow
def test_identifiers_are_unique_and_links_lead_somewhere(recorded: str) -> None:
    page = Outline(recorded)
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert sorted(set(names), key=str) == sorted(names, key=str)
    links = {str(link["href"])[1:] for link in page.all("a")}
    assert links - set(map(str, names)) == set()


@pytest.mark.slow
def test_recorded_runs_are_all_on_the_page_and_it_is_small(recorded: str) -> None:
    names = [row.name for group in compare([RECORDED]).groups for row in group.contenders]
    text = Outline(recorded).text
    assert len(names) == 8
    assert all(name in text for name in names)
    assert len(recorded) < 4_000_000


@pytest.mark.slow
def test_the_page_is_the_same_every_time() -> None:
    first, second = (page_of(compare([RECORDED / "digits-cgan-s0"])) for _ in range(2))
    assert first == second


def test_every_colour_of_the_plots_is_one_of_the_page() -> None:
    style = (Path(page_package.__file__).parent / "page.css").read_text()
    assert {name for name in VARIABLES.values() if f"--plot-{name}:" not in style} == set()
