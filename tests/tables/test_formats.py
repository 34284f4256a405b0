"""A comparison as text: the same cells in every format, escaped for each, and read back where there is a reader."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from example_reports import PROTOCOL, of_set, scored, trained
from rich.console import Console

from ganeval.comparison import compare
from ganeval.errors import UsageError
from ganeval.reports.report import Score
from ganeval.reports.run_folders import StoredReport
from ganeval.tables import ENDINGS, FORMATS, comparison_view, format_for, to_frame

NASTY = r"a_b|c&d%e#f$g{h}~^\<script>alert('1')</script>*[x](y)`z`--"


def plain(comparison, width=None):
    console = Console(width=width or 10_000, color_system=None)
    with console.capture() as captured:
        console.print(comparison_view(comparison, width))
    return [line.rstrip() for line in captured.get().splitlines()]


def cells(line):
    return re.split(r"\s{2,}", line.strip())


@pytest.fixture
def usual():
    """Three runs between real images and noise, the second the baseline, and one that is not comparable."""
    runs = [
        of_set(scored("real (train)", 0.5, recall=0.9), source="real (train)"),
        scored("good", 1.0, recall=0.5, fid_last=7.5),
        scored(
            "base", fid=Score(2.0, "lower", error=0.3, error_samples=0.1), modes_covered=Score(9, "higher", total=10)
        ),
        scored("bad", 2.1, recall=0.8, modes_covered=Score(10, "higher", total=10)),
        of_set(scored("noise", 90.0), source="noise"),
        replace(scored("apart", 1.0), protocol=replace(PROTOCOL, extractor="inception")),
    ]
    return compare(runs, baseline="base")


# the table


def test_the_table_has_ranks_errors_arrows_differences_and_marks(usual):
    lines = plain(usual)
    assert lines[1] == "Group 1 of 2: against digits:test, N = 1,000, M = 500"
    rows = {cells(line)[1]: cells(line) for line in lines if "±" in line and "Δ" not in line and "one" not in line}
    assert rows["good"] == ["1", "good", "1.00 ±0.10", "-1.00 ±0.14 *", "0.50 ±0.10", "–", "–", "–"]
    assert rows["base"] == ["2", "base", "2.00 ±0.30", "–", "–", "–", "9 of 10", "–"]
    assert rows["bad"] == ["3", "bad", "2.10 ±0.10", "+0.10 ±0.14", "0.80 ±0.10", "–", "10 of 10", "+1"]
    assert rows["real (train)"][0] == rows["noise"][0] == "–"
    text = "\n".join(lines)
    for heading in ("(digits\n", "classifier) ↓", "Δ FID", "recall ↑", "Δ modes"):
        assert heading.strip() in text
    assert "not comparable with group 1, the baseline's: extractor: inception, not digits" in lines
    assert "* outside its error: |Δ| > 1.96 standard errors." in text
    assert "Δ less base, ± one standard error on the samples' side." in lines
    assert "fid_last" not in text
    assert "Rank by FID (digits classifier). tf1: digits features (published weights abababab)" in text


def test_the_best_contender_is_bold_and_never_a_yardstick(usual):
    console = Console(width=200, color_system="standard", force_terminal=True)
    with console.capture() as captured:
        console.print(comparison_view(usual))
    bold = re.findall(r"\x1b\[1m\s*([^\x1b]*±[^\x1b]*)\x1b\[0m", captured.get())
    assert bold == ["1.00 ±0.10", "0.80 ±0.10"]


def test_without_a_baseline_there_are_no_differences_and_one_group_has_no_number():
    text = "\n".join(plain(compare([scored("a", 1.0), scored("b", 2.0)])))
    assert "Δ" not in text
    assert "Group" not in text
    assert text.splitlines()[-1] == "± one standard error over new draws."


def test_seeds_are_counted_and_the_notes_explain_plus_minus():
    reports = [trained(f"d-s{seed}", 1.0 + seed, seed) for seed in range(3)]
    lines = plain(compare([*reports, trained("e", 1.0, lr=2)], group=True))
    rows = [cells(line) for line in lines if "±" in line]
    assert rows[:2] == [["1", "e", "1", "1.00 ±0.10"], ["2", "d", "3", "2.0 ±1.0"]]
    assert lines[-1] == "± one standard error over new draws; of several seeds the mean ± their standard deviation."
    compared = plain(compare([*reports, trained("e", 1.0, lr=2)], group=True, baseline="e"))
    assert compared[-1] == (
        "* outside its error: |Δ| > 1.96 standard errors; with seeds, Student's t at 95 %. A single run beside seeds "
        "takes their spread; between single runs another seed of training may differ by more."
    )


def test_sorted_by_name_there_are_no_ranks():
    text = plain(compare([scored("b", 1.0), scored("a", 2.0)], sort="name"))
    assert not any("rank" in line.lower() for line in text)


def test_a_score_that_is_no_headline_is_in_tables_if_it_sorts_or_is_the_only_one():
    shown = plain(compare([scored("a", 1.0, psnr=20.0)], sort="psnr"))
    (heading,) = [line for line in shown if "PSNR dB" in line and "Rank" not in line]
    assert heading.index("PSNR dB") < heading.index("classifier)")
    assert any("of_tomorrow" in line for line in plain(compare([scored("a", of_tomorrow=1.0)])))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(width):
    values = dict.fromkeys(("kid", "inception_score", "precision", "recall", "density", "coverage"), 12345.678)
    runs = [scored("a-name-of-some-length-s0", 1.0, **values), scored("b", 2.0, **values)]
    lines = plain(compare(runs, baseline="b"), width)
    assert max(map(len, lines)) <= width
    assert sum(line.count("12345.68 ±0.10") for line in lines) == 12
    assert sum("Δ" in line and "recall" in line for line in lines) + sum(line.strip() == "Δ" for line in lines) >= 1


def test_a_name_that_fits_is_not_folded():
    runs = [scored("mnist-wgan-gp-s0", 1.0, kid=2.0, recall=0.5), scored("b", 2.0)]
    for width in range(60, 100):
        assert any("mnist-wgan-gp-s0" in line for line in plain(compare(runs), width))


def test_marked_and_unmarked_differences_have_their_digits_below_one_another(usual):
    differences = [line for line in plain(usual) if "±0.14" in line]
    assert [" ±0.14 *" in line for line in differences] == [True, True, False, True]
    assert len({line.index("±0.14") for line in differences}) == 1


def test_names_are_printed_literally_without_control_characters():
    text = "\n".join(plain(compare([scored(NASTY, 1.0), scored("[/red]\x1b[31m\nx", 2.0), scored("数字 ü 🎨", 3.0)])))
    assert NASTY in text
    assert "[/red] [31m x" in text
    assert "数字 ü 🎨" in text


# Markdown


def markdown_cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_has_a_rule_as_wide_as_the_table_and_bold_bests(usual):
    lines = FORMATS["markdown"](usual).splitlines()
    assert lines[0] == "**Group 1 of 2: against digits:test, N = 1,000, M = 500**"
    table = [markdown_cells(line) for line in lines if line.startswith("|")]
    assert table[0][:4] == ["rank", "run", "FID (digits classifier) ↓", "Δ FID"]
    assert table[1] == ["---:", "---", *["---:"] * (len(table[0]) - 2)]
    assert len({len(row) for row in table[:7]}) == 1
    (good,) = [row for row in table if row[1] == "good"]
    assert good[:5] == ["1", "good", "**1.00 ±0.10**", r"-1.00 ±0.14 \*", "0.50 ±0.10"]


def test_markdown_escapes_names():
    (row,) = [line for line in FORMATS["markdown"](compare([scored(NASTY, 1.0)])).splitlines() if "script" in line]
    name = markdown_cells(row)[1]
    assert re.sub(r"\\(.)", r"\1", name) == NASTY
    assert not re.search(r"(?<!\\)[<>*_`\[\]|]", name.replace(r"\\", ""))


# CSV, JSON and the frame


def test_csv_and_json_are_the_same_records_with_every_digit(usual):
    value = 1 / 3
    comparison = compare([scored("a", value), scored("b", fid=Score(2.0, "lower"), psnr=2.5)], baseline="a")
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](comparison))))
    records = json.loads(FORMATS["json"](comparison))
    assert [list(row) for row in rows] == [list(record) for record in records]
    assert [(row["run"], row["rank"], row["n"], row["baseline"]) for row in rows] == [
        ("a", "1", "1000", "True"),
        ("b", "2", "1000", "False"),
    ]
    assert float(rows[0]["fid"]) == records[0]["fid"] == value
    assert (rows[0]["fid_delta"], rows[0]["psnr"], rows[1]["fid_error"]) == ("", "", "")
    assert float(rows[1]["fid_delta"]) == records[1]["fid_delta"] == 2.0 - value
    assert (records[1]["fid_delta_error"], records[1]["fid_outside"], records[0]["fid_outside"]) == (None, False, None)
    for text in (FORMATS["csv"](usual), FORMATS["json"](usual)):
        assert "nan" not in text.lower()


def test_records_have_their_group_and_its_differences(usual):
    records = json.loads(FORMATS["json"](usual))
    assert [record["group"] for record in records] == [1] * 5 + [2]
    assert [record["differs"] for record in records] == [None] * 5 + ["extractor: inception, not digits"]
    assert [record["yardstick"] for record in records] == ["real", None, None, None, "noise", None]
    assert records[1]["fid_last"] == 7.5
    assert {"fid_delta", "fid_outside"} <= set(records[0])
    assert "fid_delta" not in json.loads(FORMATS["json"](compare([scored("a", 1.0)])))[0]


def test_the_frame_has_nullable_integers_and_booleans(usual, tmp_path):
    frame = to_frame(usual)
    assert frame["rank"].tolist()[1:4] == [1, 2, 3]
    assert frame["rank"].isna().tolist() == [True, False, False, False, True, False]
    assert (str(frame["n"].dtype), str(frame["fid_outside"].dtype), str(frame["fid"].dtype)) == (
        "Int64", "boolean", "float64",
    )  # fmt: skip
    stored = [StoredReport(scored("a", 1.0), tmp_path)]
    assert to_frame(compare(stored))["folder"].tolist() == [str(tmp_path)]
    unknown = to_frame(compare([of_set(scored("a", 1.0), count=None)]))
    assert unknown["n"].isna().tolist() == [True]


def test_scores_with_the_name_of_a_column_get_columns_of_their_own():
    comparison = compare([scored("a", 1.0, rank=0.5, n=2.5, x_outside=3.5), scored("b", 2.0)], baseline="b")
    (first, _) = json.loads(FORMATS["json"](comparison))
    assert (first["rank"], first["n"], first["score_rank"], first["score_n"]) == (1, 1000, 0.5, 2.5)
    row = next(csv.DictReader(io.StringIO(FORMATS["csv"](comparison))))
    assert (row["rank"], row["score_rank"], row["score_n"], row["x_outside"]) == ("1", "0.5", "2.5", "3.5")


# LaTeX


def latex_words(text):
    """The tokens of LaTeX; every special character that is not escaped is one of its own."""
    return re.findall(r"\\[A-Za-z]+|\\.|[{}&%#$_^~]|[^\\{}&%#$_^~]+", text, flags=re.DOTALL)


def test_latex_is_balanced_and_has_an_equal_number_of_cells_in_each_row(usual):
    text = FORMATS["latex"](usual)
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    tokens = latex_words(body)
    depth = 0
    for token in tokens:
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    assert tokens.count("$") % 2 == 0
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 2
    for tabular in re.findall(r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\end\{tabular\}", text, flags=re.DOTALL):
        columns, rows = tabular
        lines = [line for line in rows.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(columns) - 1}
    assert r"\textbf{1.00 $\pm$0.10}" in text
    assert r"$-$1.00 $\pm$0.14 $^{*}$" in text
    assert r"classifier) $\downarrow$" in text
    assert r"\textit{real (train)} & \textit{0.50 $\pm$0.10}" in text


def test_latex_escapes_names_and_says_what_its_fonts_lack():
    text = FORMATS["latex"](compare([scored(NASTY, 1.0), scored("数字", 2.0)]))
    (row,) = [line for line in text.splitlines() if "script" in line]
    name = row.split(" & ")[1]
    for special in ("_", "&", "%", "#", "$", "{", "}"):
        assert f"\\{special}" in name
    for word in ("textasciitilde", "textasciicircum", "textbackslash", "textless", "textbar"):
        assert f"\\{word}{{}}" in name
    assert "-{}-" in name
    assert "% pdfLaTeX lacks 字 数: take XeLaTeX or LuaLaTeX" in text
    assert "lacks" not in FORMATS["latex"](compare([scored("läufe→ ∞", 1.0)]))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_compiles(usual, tmp_path):
    names = compare([scored(NASTY, 1.0), scored("[b] läufe→ß ∞ …", 2.0), scored("[c]", 3.0)], baseline="[c]")
    body = FORMATS["latex"](usual) + FORMATS["latex"](names)
    packages = r"\usepackage{booktabs,graphicx}\usepackage[T1]{fontenc}"
    (tmp_path / "x.tex").write_text(rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-draftmode", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=100, check=False)
    log = done.stdout.decode("latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "Missing character" not in log
    assert "Overfull" not in log


# HTML


class Reader(HTMLParser):
    """The elements of a page: tag, attributes and text of each, and whether all are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append([tag, dict(attrs), ""])
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.seen[-1][2] += data


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader.seen


def test_html_is_well_formed_and_says_what_its_cells_sort_by(usual):
    text = FORMATS["html"](usual)
    seen = read(text)
    tags = [tag for tag, *_ in seen]
    assert (tags.count("table"), tags.count("caption"), tags.count("strong")) == (2, 2, 3)
    heads = [marks for tag, marks, _ in seen if tag == "th"]
    assert {marks["scope"] for marks in heads} == {"col", "row"}
    numbers = [float(marks["data-sort"]) for tag, marks, _ in seen if tag == "td" and "data-sort" in marks]
    assert {1.0, 2.1, -1.0, 90.0} <= set(numbers)
    assert [marks["class"] for tag, marks, _ in seen if "best" in marks.get("class", "")] == ["score best"] * 3
    assert all("data-sort" not in marks for tag, marks, text in seen if tag == "td" and text == "–")
    assert [marks.get("class") for tag, marks, _ in seen if tag == "tr"].count("yardstick") == 2


def test_html_is_ascii_and_escapes_names():
    text = FORMATS["html"](compare([scored(NASTY, 1.0), scored('数字 "x"', 2.0)]))
    assert text.isascii()
    assert "<script" not in text
    seen = read(text)
    names = [(marks["data-sort"], text) for tag, marks, text in seen if tag == "th" and marks["scope"] == "row"]
    assert names == [(NASTY, NASTY), ('数字 "x"', '数字 "x"')]


# formats


def test_the_format_is_the_option_or_the_ending_of_the_file(tmp_path):
    assert sorted(ENDINGS.values()) == sorted(FORMATS)
    for ending, name in ENDINGS.items():
        assert format_for(None, tmp_path / f"x{ending.upper()}") == name
        assert format_for("csv", tmp_path / f"x{ending}") == "csv"
    with pytest.raises(UsageError, match="unknown format 'jsn': did you mean 'json'"):
        format_for("jsn", None)
    with pytest.raises(UsageError, match=r"-o x\.doc: needed an ending of \.txt, \.md, .*, or a --format"):
        format_for(None, tmp_path.__class__("x.doc"))
