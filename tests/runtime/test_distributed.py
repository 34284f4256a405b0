"""Ranks: real processes over gloo give what one process gives, whatever their number; one that dies is named."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from launching import SCRIPTS, run_ranks, torchrun
from scored_by_ranks import FAMILIES

from ganeval.errors import BadImage, ContentError, UsageError
from ganeval.evaluation.families import score_families
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.extractors import open_extractor
from ganeval.features.feature_set import FeatureSet
from ganeval.features.joining import check_ranks_agree
from ganeval.media.files import folder_images
from ganeval.media.streams import stream_images
from ganeval.metrics import distances
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.runtime import distributed, launch
from ganeval.runtime.distributed import own_device, ranks_of_torchrun

WORKER = SCRIPTS / "scored_by_ranks.py"
SHARING = SCRIPTS / "shared_by_ranks.py"
PAINTED = """
import numpy as np

def pictures(count):
    return np.random.RandomState(0).randint(0, 256, (count, 8, 8, 3)).astype(np.uint8)
"""
EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"


def write_few(folder: Path, count: int) -> Path:
    """So many of the example digits."""
    folder.mkdir(exist_ok=True)
    for number, path in enumerate(sorted(EXAMPLES.rglob("*.png"))[:count]):
        (folder / f"{number:02}.png").write_bytes(path.read_bytes())
    return folder


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
        sides = [FeatureSet(torch.from_numpy(arrays[name])) for name in ("real", "fake")]
    scores = score_families(MetricInputs(*sides), FAMILIES)
    return {name: [score.value, score.error or 0, score.error_samples or 0] for name, score in scores.items()}


@pytest.mark.torchrun
@pytest.mark.slow
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


@pytest.mark.torchrun
@pytest.mark.slow
def test_what_ranks_share_arrives_whatever_its_size_and_who_has_it(tmp_path: Path) -> None:
    """Rank 0 has no rows, no bytes; rank 1 sees another folder. Of six pictures each reads two."""
    folder, other = write_few(tmp_path / "a", 6), write_few(tmp_path / "b", 5)
    ended = run_ranks(3, SHARING, str(folder), str(other), str(tmp_path))
    assert [process.returncode for process in ended] == [0] * 3, [process.stderr[-600:] for process in ended]
    found = [json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(3)]
    refused = [each.pop("refused") for each in found]
    assert found[0] == found[1] == found[2]
    assert found[0]["joined"] == [[0, 1], [0, 1], [2, 3]]
    assert found[0]["nothing"] == [0]
    assert found[0]["shared"] == {"a": ["torch.int64", [0, 1, 2]], "b": ["torch.float64", [[1, 1], [1, 1]]]}
    assert found[0]["nobody"] is None
    assert found[0]["digest"] == hashlib.sha256(bytes(range(7)) + bytes(range(14))).hexdigest()
    assert found[0]["hash"] == folder_images(folder).bytes_hash()
    assert refused[0] == (
        f"{folder}: rank 1 has another number of images than rank 0 (5 and 6); needed the same files, weights and "
        "devices on all machines"
    )
    assert (tmp_path / "turns").read_text(encoding="utf-8")[0] == "0"


def test_ranks_that_would_make_one_set_of_two_are_refused(tmp_path: Path) -> None:
    class Two(Ranks):
        world = 2

        def gather(self, value: dict) -> list:
            return [value, {**value, **changed}]

    images, extractor = folder_images(write_few(tmp_path, 3)), open_extractor("digits", device=torch.device("cpu"))
    for changed in ({"list of names": "0"}, {"network": "0"}, {"device": "cuda"}):
        with pytest.raises(ContentError, match=f"rank 1 has another {next(iter(changed))} than rank 0"):
            check_ranks_agree(images, extractor, Two())
    changed = {}
    check_ranks_agree(images, extractor, Two())
    check_ranks_agree(stream_images(iter(()), "stream"), extractor, Two())


@pytest.mark.torchrun
@pytest.mark.slow
def test_a_stream_is_run_by_one_rank_which_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run) -> None:
    """Two pictures and three ranks: two of them have none of the pictures, nor of the reference's either."""
    (tmp_path / "painted.py").write_text(PAINTED, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(tmp_path))
    asked = ("score", "--samples", "painted:pictures", "-n", "2", "--ref", "digits", "--ref-n", "2", "--metrics", "fid")
    ended = torchrun(3, *asked, "--out", str(tmp_path / "three"))
    assert ended.returncode == 0, ended.stderr[-800:]
    assert run(*asked, "--out", tmp_path / "one").exit_code == 0
    three, one = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("three", "one"))
    assert three["samples"] == one["samples"]
    assert three["scores"]["fid"]["value"] == pytest.approx(one["scores"]["fid"]["value"], rel=1e-5)
    assert (tmp_path / "three" / "gallery.npz").read_bytes() == (tmp_path / "one" / "gallery.npz").read_bytes()


def test_ranks_for_the_cpu_need_no_gpu_each(monkeypatch: pytest.MonkeyPatch) -> None:
    backends: list[str] = []

    class Met(Ranks):
        def __init__(self, backend: str) -> None:
            backends.append(backend)

        def close(self) -> None:
            backends.append("closed")

    for name, value in zip(launch.SET_BY_TORCHRUN, ("0", "2", "0", "2", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(distributed, "TorchrunRanks", Met)
    monkeypatch.setattr(distributed.dist, "init_process_group", lambda backend, timeout: backends.append(backend))
    monkeypatch.setattr(distributed.dist, "destroy_process_group", lambda: None)
    with ranks_of_torchrun("cpu"):
        pass
    with pytest.raises(UsageError, match="found 2 ranks and 1 GPUs here"), ranks_of_torchrun("auto"):
        pass
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with ranks_of_torchrun("auto"):
        pass
    assert backends == [*(2 * ["gloo"]), "closed", *(2 * ["cpu:gloo,cuda:nccl"]), "closed"]


def test_an_error_of_an_exchange_names_the_lost_rank() -> None:
    group = distributed.TorchrunRanks.__new__(distributed.TorchrunRanks)
    group.rank, group.world = 0, 3
    known = group._lost("Rank 2 failed to pass monitoredBarrier in 1 ms")
    assert known == "rank 2 exited: see its error above or torchrun's summary below, then restart all ranks"
    unknown = group._lost("no such type\nat line 3")
    assert unknown.startswith("another rank exited: see its error above")
    assert unknown.endswith("then restart all ranks (no such type)")


def test_openblas_gets_the_cores_of_its_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "cores", lambda: 8)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # so that it is put back as it was
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    launch.share_cores()
    assert "OPENBLAS_NUM_THREADS" not in os.environ  # alone it takes what it likes
    for name in launch.SET_BY_TORCHRUN:
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    launch.share_cores()
    assert "OPENBLAS_NUM_THREADS" not in os.environ  # the user has said it
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    launch.share_cores()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "4"


@pytest.mark.parametrize(("theirs", "ours"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_commands_wait_asleep_unless_the_user_says_otherwise(theirs: dict[str, str], ours: str) -> None:
    """In a process of its own, as OpenMP reads it where torch is loaded: not before the command has set it."""
    code = """import os, sys, click
from ganeval.cli import main

@main.command()
def probe():
    print("torch" in sys.modules, os.environ["OMP_WAIT_POLICY"])

main(["probe"])"""
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    environment = {name: value for name, value in os.environ.items() if name not in names} | theirs
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", ours]


@pytest.mark.torchrun
@pytest.mark.slow
def test_a_rank_that_is_gone_is_named_by_those_that_wait_for_it(features: Path) -> None:
    ended = run_ranks(3, WORKER, str(features), "dies")
    assert [process.returncode for process in ended] == [1, 9, 1]
    assert ended[0].stderr.splitlines()[-1].startswith("rank 1 exited: see its error above or torchrun's")
    assert " exited: see its error above" in ended[2].stderr


@pytest.mark.torchrun
@pytest.mark.slow
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


@pytest.mark.torchrun
@pytest.mark.slow
def test_the_rank_that_meets_a_bad_picture_says_so_and_ends_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, path in enumerate(sorted(EXAMPLES.rglob("*.png"))[:40]):
        (folder / f"{number:02}.png").write_bytes(path.read_bytes())
    (folder / "39.png").write_bytes(b"not a picture")
    ended = torchrun(2, "score", "--samples", str(folder), "--ref", "digits", "--json", str(tmp_path / "r.json"))
    assert ended.returncode != 0
    assert f"{folder / '39.png'}: " in ended.stderr
    assert not (tmp_path / "r.json").exists()


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")  # as other launchers set it
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with ranks_of_torchrun() as ranks:
        assert ranks is ALONE
    tensor = torch.arange(3)
    assert ranks.total(tensor) is tensor
    assert ranks.gather_rows(tensor) is tensor
    assert ranks.broadcast_tensors({"a": tensor}) == {"a": tensor}
    assert ranks.digest_of_all(b"ab") == hashlib.sha256(b"ab").hexdigest()
    assert ranks.in_turn(lambda: 7) == 7
    assert ranks.gather("a") == ["a"]


def test_each_rank_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [own_device(name) for name in ("auto", "cuda", "cpu", "cuda:0")] == ["cuda:3", "cuda:3", "cpu", "cuda:0"]


def test_ranks_tell_one_another_which_pictures_are_bad() -> None:
    import pickle

    back = pickle.loads(pickle.dumps(BadImage("a.png", "is empty")))
    assert (str(back), back.name, back.reason) == ("a.png: is empty", "a.png", "is empty")
