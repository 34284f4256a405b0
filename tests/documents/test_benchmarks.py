"""The benchmarks run, and their tables say what was measured."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def measuring(load) -> ModuleType:
    return load("measuring")


def test_a_row_says_how_many_times_faster_and_how_far_apart(measuring: ModuleType) -> None:
    found = {
        "ours": measuring.Measured(2.0, 50.0, {"fid": 10.0, "error": 1.0}),
        "theirs": measuring.Measured(5.0, 200.0, {"fid": 10.001}),
    }
    assert measuring.row("ours", "theirs", found) == (
        "| ours | theirs | 2.00 | 5.00 | **2.50** | 50 | 200 | 0.25 | 1.0e-04 |"
    )


def test_cases_are_measured_in_turns_and_the_best_counts(measuring: ModuleType) -> None:
    seconds, order = {"a": [3.0, 1.0], "b": [2.0, 4.0]}, []

    def measure(name: str):
        order.append(name)
        return measuring.Measured(seconds[name][len(order) > 2], float(len(order)), {})

    found = measuring.in_turns(["a", "b"], 2, measure)
    assert order == ["a", "b", "a", "b"]
    assert {name: (one.seconds, one.megabytes) for name, one in found.items()} == {"a": (1.0, 3.0), "b": (2.0, 4.0)}


def test_memory_is_counted_anew_above_what_was_there(measuring: ModuleType) -> None:
    def work() -> dict[str, float]:
        return {"bytes": float(sum(bytearray(b"\1" * (64 * 2**20))[:: 2**20]))}

    work()  # a peak from before must not hide or stand for this one
    found = measuring.inside(work)
    assert 60 < found.megabytes < 250
    assert measuring.inside(dict).megabytes < 20


@pytest.mark.slow
def test_a_command_is_measured_with_all_that_it_starts(measuring: ModuleType) -> None:
    child = "import time; held = bytearray(b'1' * (80 * 2**20)); time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    seconds, peak, out = measuring.in_process([sys.executable, "-c", parent])
    assert (seconds > 1, peak > 80, out) == (True, True, "done\n")
    with pytest.raises(SystemExit, match="no such thing"):
        measuring.in_process([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


def test_each_command_renews_its_own_part_of_the_page(measuring: ModuleType, tmp_path: Path) -> None:
    measuring.write_part("# Training against the same", "# Training against the same\n\nold\n", "a", {}, tmp_path)
    measuring.write_part("# Against its peers", "# Against its peers\n\n## Metrics\n\nx\n", "b", {"n": 1}, tmp_path)
    measuring.write_part("# Training against the same", "# Training against the same\n\nnew\n", "a", {}, tmp_path)
    written = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert written == "# Against its peers\n\n## Metrics\n\nx\n\n# Training against the same\n\nnew\n"
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == {"n": 1}


def test_a_part_of_the_table_is_not_written_over_all_of_it(load, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load("against").main(["--only", "commands", "--write"])
    assert "--write renews the whole table: leave --only out" in capsys.readouterr().err


def test_all_that_is_compared_is_measured(load) -> None:
    against, cases = load("against"), load("cases")
    compared = {name for pair in (*against.FEATURE_ROWS, *against.NETWORK_ROWS) for name in pair}
    assert compared == {*cases.ON_FEATURES, *cases.NETWORKS}


@pytest.mark.slow
def test_a_metric_is_measured_in_a_process_of_its_own(load) -> None:
    found = load("against").elsewhere("--features", "FID value", 1001, 64)
    ours = load("cases").ganeval_fid_value(*load("cases").features(1001, 64))
    assert found.seconds > 0
    assert found.values == pytest.approx(ours, rel=1e-9)


@pytest.mark.slow
def test_networks_of_both_sides_are_one_network(load) -> None:
    networks = load("networks")
    own, peer = (networks.case("classifier", side, quick=True) for side in ("ours", "peer"))
    assert own.seconds > 0
    for name in ("mean", "norm", "largest"):
        assert own.values[name] == pytest.approx(peer.values[name], rel=1e-5)  # float32 sums in another order
    found = {f"{name}, {side}": own for name in networks.NAMES for side in networks.SIDES}
    assert [line.split(" | ")[4] for line in networks.table(found)[0].splitlines()[2:]] == ["**1.00**"] * 10


def test_exponents_are_those_of_powers(load) -> None:
    growth = load("growth")
    assert growth.exponent([1, 2, 4, 8], [9, 3 * 2**1.5, 3 * 4**1.5, 3 * 8**1.5]) == pytest.approx(1.5)
    table = growth.table("N", [1, 2, 4], {"a": [growth.Measured(size, 10.0, {}) for size in (1.0, 2.0, 4.0)]})
    assert table.splitlines()[-1] == "| a | 1.00 s, 10 MB | 2.00 s, 10 MB | 4.00 s, 10 MB | **1.00** |"


def test_growth_of_sums_is_the_fid_of_the_same_features(load) -> None:
    import torch

    growth, cases = load("growth"), load("cases")
    real, fake = (torch.cat(list(growth.stream(seed, 2000, 8))) for seed in (0, 1))
    assert growth.summed(2000, 8) == pytest.approx(cases.ganeval_fid_value(real, fake), rel=1e-9)
