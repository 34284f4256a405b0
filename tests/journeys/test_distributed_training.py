"""`torchrun -m ganeval train`: really started, with two processes; one that is killed; what is said under torchrun."""

import contextlib
import os
import re
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from launching import ENDED, ended, started, torchrun
from safetensors.torch import load_file

from ganeval.cli import main
from ganeval.cli.group import Commands
from ganeval.errors import GanevalWarning, UsageError
from ganeval.metrics.ranks import Ranks
from ganeval.reports.report import load_report
from ganeval.reports.run_folders import log_of
from ganeval.runtime import launch
from ganeval.runtime.distributed import LostRank, device_of_rank, threads_of_rank
from ganeval.training.commands import end_together, plan_view
from ganeval.training.plan import validate
from ganeval.training.run import warn_of_batch_norm
from ganeval.training.run_request import RunRequest
from reference_models import Config, build

STEPS = 240
TRAIN = ("train", "vanilla", "--steps", str(STEPS), "--set", "check_every=80", "--set", "batch_size=16", "-n", "100")
WARNING = (
    "warning: batch norm on a CPU is not synchronised: each of 2 processes normalises its own 8 of 16 samples, so "
    "losses differ from those of one process; norm_g and norm_d choose another norm\n"
)


class Killed:
    """Two processes that train into a folder, one of which is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = started(2, *TRAIN, "--out", str(folder))

    def kill(self, rank: int, after: int) -> None:
        """End a rank as the system does, once so many steps are done."""
        end = time.monotonic() + ENDED
        while not any(record["step"] >= after for record in self.logged()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "it does not begin"
            time.sleep(0.02)
        os.kill(self.pid_of(rank), signal.SIGKILL)

    def logged(self) -> list[dict[str, int]]:
        return log_of(self.folder) if (self.folder / "log.jsonl").is_file() else []

    def pid_of(self, rank: int) -> int:
        """torchrun's child that was told so."""
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int((path / "stat").read_text().rpartition(")")[2].split()[1]) != self.process.pid:
                    continue
                if f"RANK={rank}".encode() in (path / "environ").read_bytes().split(b"\0"):
                    return int(path.name)
        raise AssertionError(f"found no rank {rank}")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A run of two processes that nothing stopped: its folder, stdout and stderr."""
    folder = tmp_path_factory.mktemp("straight") / "run"
    done = torchrun(2, *TRAIN, "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return folder, done.stdout, done.stderr


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.torchrun
@pytest.mark.slow
def test_the_first_rank_alone_prints_warns_and_writes(straight: tuple[Path, str, str]) -> None:
    folder, out, said = straight
    assert out.count("digits:test") == 1
    assert [line for line in said.splitlines(True) if line.startswith("warning: batch norm")] == [WARNING]
    assert {path.name for path in folder.parent.iterdir()} == {"run"}
    checkpoints = {name for name in files_of(folder) if name.startswith("checkpoints/")}
    best = load_report(folder / "report.json").more["training"]["best_step"]
    assert checkpoints == {
        *("checkpoints/best.json", f"checkpoints/best-{best:08d}.safetensors"),
        *("checkpoints/last.json", f"checkpoints/last-{STEPS:08d}.safetensors"),
    }
    assert [record["step"] for record in log_of(folder) if "check" in record] == [80, 160, 240]  # each once


@pytest.mark.torchrun
def test_the_report_has_how_many_processes_trained(straight: tuple[Path, str, str]) -> None:
    training = load_report(straight[0] / "report.json").more["training"]
    assert (training["ranks"], training["steps"]) == (2, STEPS)


@pytest.mark.torchrun
@pytest.mark.slow
def test_a_killed_rank_ends_the_run_with_its_name_and_the_same_command_resumes_exactly(
    straight: tuple[Path, str, str], tmp_path: Path
) -> None:
    killed = Killed(tmp_path / "run")
    killed.kill(1, after=100)
    found = ended(killed.process)
    assert found.returncode != 0
    assert re.search(r"rank 1 exited|rank\s*: 1 \(local_rank: 1\)\s+exitcode\s*: -9", found.stderr), found.stderr
    assert not (tmp_path / "run" / "report.json").exists()

    assert torchrun(2, *TRAIN, "--out", str(tmp_path / "run")).returncode == 0
    folders = (straight[0], tmp_path / "run")
    for name in ("best", "last"):
        one, other = (next((folder / "checkpoints").glob(f"{name}-*.safetensors")) for folder in folders)
        assert one.name == other.name
        first, second = load_file(one), load_file(other)
        assert [key for key in first if not torch.equal(first[key], second[key])] == []
    assert files_of(folders[0]) == files_of(folders[1])


class Two(Ranks):
    """The second of two ranks, as far as nothing is exchanged."""

    rank, world = 1, 2


@pytest.fixture
def as_rank(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets this process pass for one of two that torchrun started."""

    def pass_for(rank: int) -> None:
        told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
        for name, value in {**told, "MASTER_ADDR": "localhost", "MASTER_PORT": 1}.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(launch.socket, "gethostname", lambda: "node7")

    return pass_for


def test_a_process_alone_is_the_first(monkeypatch: pytest.MonkeyPatch, as_rank: Callable[[int], None]) -> None:
    assert launch.is_first_rank()
    assert not launch.is_one_of_several()
    as_rank(1)
    assert launch.is_one_of_several()
    assert not launch.is_first_rank()
    as_rank(0)
    assert launch.is_first_rank()
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert not launch.is_one_of_several()


@pytest.mark.parametrize("command", ["train-all", "sample", "compare"])
def test_other_commands_run_as_one_process(as_rank: Callable[[int], None], command: str) -> None:
    as_rank(1)
    result = CliRunner().invoke(main, [command])
    reason = f"{command}: runs as one process, as all but score and train; leave torchrun out"
    assert (result.exit_code, result.stderr) == (2, f"rank 1 of 2 (node7): Error: {reason}\n")


def failing(error: Exception) -> Result:
    """What the commands' group says of an error in `train`."""
    group = Commands("ganeval")

    @group.command(name="train")
    def train() -> None:
        warnings.warn("of a picture", GanevalWarning, 2)
        raise error

    return CliRunner().invoke(group, ["train"])


ERRORS: list[tuple[Exception, int, str]] = [
    (UsageError("a flag"), 2, "a flag"),
    (LostRank("rank 0 exited"), 1, "rank 0 exited"),
    (OSError(28, "No space left on device", "log.jsonl"), 1, "log.jsonl: No space left on device"),
]


@pytest.mark.parametrize(("error", "code", "text"), ERRORS)
def test_an_error_of_several_ranks_has_the_name_of_the_one_that_failed(
    as_rank: Callable[[int], None], error: Exception, code: int, text: str
) -> None:
    alone = failing(error)
    assert (alone.exit_code, alone.stderr) == (code, f"warning: of a picture\nError: {text}\n")
    as_rank(0)
    assert failing(error).stderr == f"warning: of a picture\nrank 0 of 2 (node7): Error: {text}\n"
    as_rank(1)
    assert failing(error).stderr == f"rank 1 of 2 (node7): Error: {text}\n"  # what is to know, the first has said


def order_of(tmp_path: Path, **changes: str) -> RunRequest:
    return RunRequest("vanilla", "digits", tmp_path / "run", changes=changes)


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        validate(order_of(tmp_path, batch_size="25"), 2)
    needed = "needed a multiple of 2, each takes an equal part; try batch_size=24"
    assert str(caught.value) == f"vanilla: batch_size=25 on 2 processes: {needed}"
    assert not (tmp_path / "run").exists()


def test_a_dry_run_lists_what_several_processes_would_train(tmp_path: Path) -> None:
    assert plan_view(order_of(tmp_path, batch_size="24"), Two()) is not None
    with pytest.raises(UsageError, match="minibatch_std compares the samples of a whole batch"):
        plan_view(order_of(tmp_path, minibatch_std="true"), Two())


def test_each_of_several_processes_has_a_device_of_its_own(
    monkeypatch: pytest.MonkeyPatch, as_rank: Callable[[int], None]
) -> None:
    as_rank(1)
    assert device_of_rank("cpu", Two()).type == "cpu"
    found: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", found.append)
    for name in ("auto", "cuda"):
        assert device_of_rank(name, Two()) == torch.device("cuda:1")
    assert found == [torch.device("cuda:1")] * 2
    with pytest.raises(UsageError, match="--device cuda:0: found cuda:0 for 2 processes, needed cpu, or cuda without"):
        device_of_rank("cuda:0", Two())
    assert device_of_rank("cuda:0", Ranks()) == torch.device("cuda:0")


def test_processes_on_one_machine_share_its_cores(
    monkeypatch: pytest.MonkeyPatch, as_rank: Callable[[int], None]
) -> None:
    monkeypatch.setattr(launch, "cores", lambda: 16)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # torchrun says so where the user says nothing
    assert launch.cores_of_rank() == 16
    assert threads_of_rank(Ranks()) == torch.get_num_threads()
    as_rank(1)
    assert launch.cores_of_rank() == threads_of_rank(Two()) == 8
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_of_rank(Two()) == torch.get_num_threads()


def test_batch_norm_is_warned_of_where_it_is_not_synchronised() -> None:
    normed, plain = (build(Config("vanilla", net="mlp", norm_g=norm, norm_d="none")) for norm in ("batch", "none"))
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_batch_norm(plain, cpu, 2)
        warn_of_batch_norm(normed, cuda, 2)
        warn_of_batch_norm(normed, cpu, 1)
    with pytest.warns(GanevalWarning, match="each of 2 processes normalises its own 32 of 64 samples"):
        warn_of_batch_norm(normed, cpu, 2)


def test_a_rank_that_fails_after_training_is_not_the_others_failure() -> None:
    class Left(Two):
        def gather(self, value: object) -> list[object]:
            raise LostRank("rank 0 exited")

    end_together(Left())
