"""Plots as bytes: equal every time, without clashes on a page of many, and drawn without torch."""

import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from example_runs import make, report_on

from ganeval.comparison import compare
from ganeval.plots import draw_group, draw_run, png_of, svg_of
from ganeval.plots.output import write_plots
from ganeval.plots.theme import INK, PAPER, VARIABLES

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def example_run(tmp_path_factory):
    return make(tmp_path_factory.mktemp("output"), "mine-s0", 1.0, None, {})


@pytest.fixture(scope="module")
def plots(example_run):
    return draw_run(example_run).plots


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_and_so_does_the_same_plot(example_run, plots):
    for plot, again in zip(plots, draw_run(example_run).plots, strict=True):
        assert png_of(plot) == png_of(again)
        assert svg_of(plot) == svg_of(again) == svg_of(plot)


@pytest.mark.slow
def test_a_png_has_150_dots_per_inch_and_a_white_ground(plots, tmp_path):
    from PIL import Image

    (path, _) = write_plots(plots[2:3], tmp_path)
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert image.convert("RGBA").getpixel((1, 1)) == (255, 255, 255, 255)


@pytest.mark.slow
def test_svgs_of_one_page_share_no_identifier_and_refer_to_their_own(plots, make_run):
    others = [*draw_run(make_run("b-s0")).plots, *draw_run(make_run("c", shape=[2])).plots]
    texts = [svg_of(plot, themed=True) for plot in [*plots, *others]]
    known = set()
    for text in texts:
        elements = list(ElementTree.fromstring(text).iter())
        own = [element.attrib["id"] for element in elements if "id" in element.attrib]
        assert len(own) == len(set(own))
        assert not known & set(own)
        known |= set(own)
        links = [element.attrib.get(XLINK, element.attrib.get("href", "")) for element in elements]
        referred = {link[1:] for link in links if link.startswith("#")} | set(re.findall(r"url\(#([^)]*)\)", text))
        assert referred <= set(own)


def test_a_themed_svg_takes_the_pages_ink_fonts_and_colours(plots):
    for plot in plots:
        text = svg_of(plot, themed=True)
        root = ElementTree.fromstring(text)
        assert text.startswith("<svg ")
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == plot.alt
        assert "width" not in root.attrib
        assert "viewBox" in root.attrib
        assert not root.findall(f".//{SVG}style")
        assert not root.findall(f".//{SVG}metadata")
        assert not re.search(r" (d|x|y)=\"[^\"]*\d\.\d{3}", text)  # hundredths of a point are enough
        assert root.findall(f".//{SVG}text")
        assert "currentColor" in text
        assert INK not in text
        assert "DejaVu" not in text
        bare = re.sub(r"var\(--plot-\w+, #\w+\)", "", text)
        for value in VARIABLES:
            assert value not in bare


def test_an_svg_file_needs_no_font_and_no_page(plots):
    for plot in plots:
        text = svg_of(plot)
        root = ElementTree.fromstring(text)
        assert not root.findall(f".//{SVG}text")
        assert PAPER not in text
        assert "var(--" not in text
        assert "currentColor" not in text
        assert not re.search(r"\d{4}-\d\d-\d\dT", text)


NAMES = [
    "<script>alert(1)</script>",
    'id="x" url(#y)',
    "$10^5$ & \\alpha",
    "_hidden",
    "läufe 数字 🦊",
    "two\nlines",
    "#1b1d22",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_shown_as_it_is(name):
    (group,) = compare([report_on(name, 1.0), report_on("other", 2.0)]).groups
    shown = " ".join(name.split("\n"))
    for plot in draw_group(group.rows):
        root = ElementTree.fromstring(svg_of(plot, themed=True))
        texts = ["".join(element.itertext()).strip() for element in root.iter(f"{SVG}text")]
        assert shown in texts, texts
        assert "<script" not in svg_of(plot, themed=True)
    assert png_of(plot).startswith(b"\x89PNG")


@pytest.mark.slow
def test_drawing_a_run_imports_neither_torch_nor_pandas_nor_pyplot(make_run, tmp_path):
    folder = make_run().folder
    code = f"""
import sys
from pathlib import Path
import ganeval.plots
from ganeval.reports.run_folders import find_reports
(run,), _ = find_reports([Path({str(folder)!r})])
result = ganeval.plots.draw_run(run)
assert len(result.plots) == 8 and not result.missing and not result.broken, result
ganeval.plots.svg_of(result.plots[0], themed=True)
heavy = {{"torch", "torchvision", "pandas", "matplotlib.pyplot"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_drawing_leaves_matplotlibs_settings_as_they_were(example_run):
    import matplotlib

    before = dict(matplotlib.rcParams)
    svg_of(draw_run(example_run).plots[0], themed=True)
    assert dict(matplotlib.rcParams) == before


def test_a_name_that_is_no_utf_8_is_drawn_all_the_same(plots):
    odd = replace(plots[0], alt="a\udcff and b")
    assert "a\udcff and b" in svg_of(odd, themed=True)
    assert png_of(odd) == png_of(plots[0])
