"""Ranks: real processes over gloo give what one process gives, whatever their number; one that dies is named."""

import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from ranks import run_ranks, torchrun
from scored_by_ranks import FAMILIES

from ganeval.distributed import own_device, ranks_of_torchrun
from ganeval.errors import BadImage
from ganeval.metrics import distances
from ganeval.metrics.sharing import ALONE
from ganeval.pair import Pair, Side
from ganeval.scoring import score_pair

WORKER = Path(__file__).parent / "scored_by_ranks.py"
EXAMPLES = Path(__file__).parent.parent / "examples" / "digits"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANEVAL_OFFLINE", "1")


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several tiles of both sets, of which no number of ranks is a divisor."""
    path = tmp_path_factory.mktemp("features") / "both.npz"
    random = np.random.default_rng(0)
    real = random.normal(size=(2 * distances.TILE + 301, 12)).astype(np.float32)
    fake = (1.1 * random.normal(size=(distances.TILE + 103, 12)) + 0.1).astype(np.float32)
    np.savez(path, real=real, fake=fake)
    return path


def one_process(path: Path) -> dict[str, list[float | None]]:
    with np.load(path) as arrays:
        sides = [Side(torch.from_numpy(arrays[name])) for name in ("real", "fake")]
    scores = score_pair(Pair(*sides), FAMILIES)
    return {name: [score.value, score.error or 0, score.error_samples or 0] for name, score in scores.items()}


@pytest.mark.parametrize("world", [2, 3])
def test_scores_of_the_same_features_do_not_depend_on_the_number_of_ranks(world: int, features: Path) -> None:
    """1e-9: sums of float64 in another order. Counts of neighbours are exact."""
    ended = run_ranks(world, WORKER, str(features), "")
    assert [process.returncode for process in ended] == [0] * world, [process.stderr[-600:] for process in ended]
    assert [bool(process.stdout) for process in ended] == [True] + [False] * (world - 1)
    found, expected = json.loads(ended[0].stdout), one_process(features)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-9, abs=1e-12), name
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name][0] == expected[name][0]


def test_a_rank_that_is_gone_is_named_by_those_that_wait_for_it(features: Path) -> None:
    began = time.monotonic()
    ended = run_ranks(3, WORKER, str(features), "dies")
    assert [process.returncode for process in ended] == [1, 9, 1]
    assert ended[0].stderr.splitlines()[-1].startswith("rank 1 is gone: its own message, or torchrun's")
    assert " is gone: its own message" in ended[2].stderr
    assert time.monotonic() - began < 60


def test_a_folder_is_scored_by_three_ranks_as_by_one(tmp_path: Path, run) -> None:
    """501 pictures on two and three ranks, one of them unreadable; the second run finds the reference in the store."""
    pictures = tmp_path / "pictures.zip"
    with zipfile.ZipFile(pictures, "w") as archive:
        for path in sorted(EXAMPLES.rglob("*.png")):
            archive.write(path, path.relative_to(EXAMPLES))
        archive.writestr("9/zz-broken.png", b"not a picture")
    asked = ["score", "--samples", str(pictures), "--ref", "digits", "--on-bad-image", "skip", "--json"]
    for world in (3, 2):
        ended = torchrun(world, *asked, str(tmp_path / f"{world}.json"))
        assert ended.returncode == 0, ended.stderr[-800:]
        assert ended.stdout.count("FID (digits classifier)") == 1
    assert run(*asked, tmp_path / "1.json").exit_code == 0
    first, second, alone = (json.loads((tmp_path / f"{world}.json").read_text()) for world in (3, 2, 1))
    assert first["samples"]["count"] == 500
    assert first["samples"] == second["samples"] == alone["samples"]
    assert first["warnings"] == second["warnings"] == alone["warnings"]
    for name, score in alone["scores"].items():
        for report in (first, second):  # 1e-5: the network sees other batches
            assert report["scores"][name]["value"] == pytest.approx(score["value"], rel=1e-5, abs=1e-7), name


def test_the_rank_that_meets_a_bad_picture_says_so_and_ends_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, path in enumerate(sorted(EXAMPLES.rglob("*.png"))[:40]):
        (folder / f"{number:02}.png").write_bytes(path.read_bytes())
    (folder / "39.png").write_bytes(b"not a picture")
    began = time.monotonic()
    ended = torchrun(2, "score", "--samples", str(folder), "--ref", "digits", "--json", str(tmp_path / "r.json"))
    assert ended.returncode != 0
    assert f"{folder / '39.png'}: " in ended.stderr
    assert not (tmp_path / "r.json").exists()
    assert time.monotonic() - began < 60


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")  # as other launchers set it
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with ranks_of_torchrun() as ranks:
        assert ranks is ALONE
    tensor = torch.arange(3)
    assert ranks.total(tensor) is tensor
    assert ranks.joined(tensor) is tensor
    assert ranks.of_first(tensor) is tensor
    assert ranks.everyone("a") == ["a"]


def test_each_rank_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [own_device(name) for name in ("auto", "cuda", "cpu", "cuda:0")] == ["cuda:3", "cuda:3", "cpu", "cuda:0"]


def test_ranks_tell_one_another_which_pictures_are_bad() -> None:
    import pickle

    back = pickle.loads(pickle.dumps(BadImage("a.png", "is empty")))
    assert (str(back), back.name, back.reason) == ("a.png: is empty", "a.png", "is empty")
