"""Limits as they are written: on the command line, in Python and in a TOML file; and their arithmetic."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganeval.errors import UsageError
from ganeval.gating.limits import KINDS, GateOptions, Limit, parse_limit, parse_limits, read_limits_file

FILE = """
baseline = "base/line.json"
confidence = 0.99
inconclusive = "pass"
[max]
fid = 25
[min]
recall = 0.3
[max-increase]
fid = "5%"
kid = 0.002
[max-decrease]
recall = "10 %"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "text", "amount", "percent"),
    [
        ("max", "fid=25", 25.0, False),
        ("max", " fid = 2.5e1 ", 25.0, False),
        ("min", "kid=-0.001", -0.001, False),
        ("max-increase", "fid=5%", 5.0, True),
        ("max-increase", "fid=5 %", 5.0, True),
        ("max-increase", "fid=-1", -1.0, False),  # must get better by 1
        ("max-decrease", "recall=.02", 0.02, False),
    ],
)
def test_a_flag_is_a_metric_and_an_amount(kind: str, text: str, amount: float, percent: bool) -> None:
    metric = text.split("=")[0].strip()
    assert parse_limits(kind, [text]) == [Limit(kind, metric, amount, percent)]


@pytest.mark.parametrize("text", ["fid", "=25", "fid:25", "25", ""])
def test_a_flag_without_metric_and_amount_says_how_it_is_written(text: str) -> None:
    with pytest.raises(UsageError, match=r"--max .*: needed metric=amount, as fid=25"):
        parse_limits("max", [text])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", ["", "many", "nan", "inf", "-inf", "1e999", "%", "nan%", "5%%", "25,3", "2 5", True])
def test_an_amount_that_is_no_number_is_refused(kind: str, amount: object) -> None:
    with pytest.raises(UsageError, match=rf"^--{kind} fid={amount}: needed a number"):
        parse_limit(kind, "fid", amount)


@pytest.mark.parametrize("kind", ["max", "min"])
def test_a_percentage_of_nothing_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match=f"--{kind} fid=5%: needed a number, as fid=25"):
        parse_limit(kind, "fid", "5%")


def test_the_same_metric_twice_in_one_flag_is_refused() -> None:
    with pytest.raises(UsageError, match="--max fid=30: found fid twice"):
        parse_limits("max", ["fid=25", "kid=1", "fid=30"])


@pytest.mark.parametrize(
    ("kind", "amount", "value", "baseline", "excess"),
    [  # by hand from the design's table
        ("max", 25, 26.5, 0, 1.5),
        ("max", 25, 24.0, 0, -1.0),
        ("min", 0.3, 0.25, 0, 0.05),
        ("min", 0.3, 0.5, 0, -0.2),
        ("max-increase", 0.5, 21.0, 20.0, 0.5),
        ("max-increase", "5%", 22.0, 20.0, 1.0),
        ("max-increase", "-5%", 20.0, 20.0, 1.0),
        ("max-decrease", 0.02, 0.80, 0.87, 0.05),
        ("max-decrease", "10%", 0.70, 0.80, 0.02),
        ("max-decrease", "10%", 0.72, 0.80, 0.0),  # in binary floats 0.8 * 0.9 - 0.72 is 1.1e-16
        ("max-decrease", 0.02, 0.85, 0.87, 0.0),  # and 0.87 - 0.85 - 0.02 is 1.7e-17
        ("max-increase", 0.3, 1.3, 1.0, 0.0),  # and 1.3 - 1.0 - 0.3 is 5.6e-17
    ],
)
def test_the_difference_is_the_designs_in_decimals(kind, amount, value, baseline, excess) -> None:
    assert parse_limit(kind, "x", amount).excess(value, baseline) == excess


@settings(deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.booleans())
def test_a_decrease_is_a_mirrored_increase(value: float, baseline: float, amount: float, percent: bool) -> None:
    down = Limit("max-decrease", "x", amount, percent).excess(value, baseline)
    up = Limit("max-increase", "x", amount if not percent else -amount, percent)
    mirrored = up.excess(-value, -baseline) if not percent else -up.excess(value, baseline)
    assert down == pytest.approx(mirrored, abs=1e-9)


def test_weights_are_those_of_the_baseline_in_the_difference() -> None:
    assert parse_limit("max-increase", "x", "5%").weight == Decimal("1.05")
    assert parse_limit("max-decrease", "x", "5%").weight == Decimal("0.95")
    assert parse_limit("max-increase", "x", 5).weight == parse_limit("max-decrease", "x", 5).weight == 1


def test_a_limits_file_holds_limits_baseline_confidence_and_policy(tmp_path: Path) -> None:
    plan = read_limits_file(write(tmp_path, FILE))
    assert [limit.flag for limit in plan.limits] == [
        "--max fid=25", "--min recall=0.3", "--max-increase fid=5%", "--max-increase kid=0.002",
        "--max-decrease recall=10%",
    ]  # fmt: skip
    assert plan.baseline == (tmp_path / "base" / "line.json",)
    assert (plan.confidence, plan.inconclusive) == (0.99, "pass")


def test_an_empty_file_limits_nothing_and_has_the_defaults(tmp_path: Path) -> None:
    assert read_limits_file(write(tmp_path, "")) == GateOptions((), (), 0.95, "3")


def test_a_baseline_may_be_a_list_and_absolute(tmp_path: Path) -> None:
    text = f'baseline = ["a.json", "{tmp_path}/b.json"]\ninconclusive = 3\nconfidence = 0.9'
    plan = read_limits_file(write(tmp_path / ".", text))
    assert plan.baseline == (tmp_path / "a.json", tmp_path / "b.json")
    assert plan.inconclusive == "3"


def test_flags_override_the_entry_of_the_same_kind_and_metric_alone(tmp_path: Path) -> None:
    flags = [*parse_limits("max", ["fid=30"]), *parse_limits("min", ["precision=0.6"])]
    limits = read_limits_file(write(tmp_path, FILE)).with_flags(flags)
    assert [limit.flag for limit in limits] == [
        "--max fid=30", "--min recall=0.3", "--max-increase fid=5%", "--max-increase kid=0.002",
        "--max-decrease recall=10%", "--min precision=0.6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[max-incraese]\nfid = 1", "unknown key 'max-incraese': did you mean 'max-increase'?"),
        ("base-line = 'a'", "unknown key 'base-line': did you mean 'baseline'?"),
        ("max = 25", r"max = 25: needed a table, \[max\]"),
        ("[max]\nfid = true", "--max fid=True: needed a number"),
        ("[max]\nfid = nan", "--max fid=nan: needed a number"),
        ("[max]\nfid = [25]", r"--max fid=\[25\]: needed a number"),
        ("[max]\nfid = '5%'", "--max fid=5%: needed a number, as fid=25"),
        ("[max.fid]\nvalue = 3", "--max fid=.*: needed a number"),
        ("confidence = '0.95'", "confidence = '0.95': needed a number"),
        ("confidence = true", "confidence = True: needed a number"),
        ("confidence = 95", "--confidence 95: needed a number between 0.5 and 1"),
        ("confidence = 0.5", "--confidence 0.5: needed"),
        ("confidence = nan", "--confidence nan: needed"),
        ("inconclusive = 'fial'", "unknown value of --inconclusive 'fial': did you mean 'fail'?"),
        ("inconclusive = 0", "unknown value of --inconclusive '0'"),
        ("baseline = 3", "baseline = 3: needed the path of a report"),
        ("baseline = ['']", r"baseline = \[''\]: needed the path of a report"),
        ("[max]\nfid = 1\nfid = 2", "found no TOML"),
        ("{", "found no TOML"),
        ("\x00", "found no TOML"),
    ],
)
def test_a_limits_file_with_a_mistake_is_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=message) as raised:
        read_limits_file(path)
    assert str(raised.value).startswith(f"--limits {path}: ")


def test_a_lost_limits_file_and_one_of_bytes_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_limits_file(tmp_path / "lost.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_limits_file(tmp_path)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="found no TOML"):
        read_limits_file(tmp_path / "bytes.toml")
