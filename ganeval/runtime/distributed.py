"""Several processes as one: `torchrun --nproc-per-node=K -m ganeval score ...`, on one machine or many.

`torch.distributed` carries everything: gloo between CPUs, nccl between GPUs. Before each exchange all ranks meet at a
barrier, so that one that has died is found and named instead of waited for.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

from ganeval.errors import ContentError, UsageError
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.runtime.devices import pick_device
from ganeval.runtime.launch import cores_of_rank, is_one_of_several

MEETING_TIMEOUT = timedelta(days=1)  # one rank may score, or draw millions of images, while the others wait for it
EXCHANGE_TIMEOUT = timedelta(minutes=30)  # after they have met, or while they start
RANK_IN_ERROR = re.compile(r"[Rr]ank (\d+)(?: failed to pass monitored|, but| timed out)")
Result = TypeVar("Result")


class LostRank(ContentError):
    """Another rank exited: it died, or stopped with an error of its own."""


class TorchrunRanks(Ranks):
    """This process among those that torchrun started.

    It exchanges through process groups of its own, never through torch's default one, which parts of torch refer to
    until the interpreter ends: a thread of gloo that releases a tensor only then aborts the process. A group without
    references waits for its threads.
    """

    def __init__(self, backend: str) -> None:
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self._values = _new_group(backend, EXCHANGE_TIMEOUT)
        self._control = _new_group("gloo", MEETING_TIMEOUT)

    def close(self) -> None:
        """Release the process groups: a run may refer to this object for longer than the other ranks exist."""
        del self._values, self._control

    def total(self, values: Tensor) -> Tensor:
        summed = values.clone()
        self._meet(lambda: dist.all_reduce(summed, group=self._values))
        return summed

    def gather_rows(self, rows: Tensor) -> Tensor:
        shapes = self.gather(tuple(rows.shape))
        counts = [shape[0] for shape in shapes]
        widths = next((shape[1:] for shape in shapes if shape[0]), shapes[0][1:])  # a rank without rows may not know
        whole = rows.new_empty(sum(counts), *widths)
        parts = whole.split(counts)
        parts[self.rank].copy_(rows.reshape(len(rows), *widths))
        self._meet(lambda: [dist.broadcast(p, rank, group=self._values) for rank, p in enumerate(parts) if len(p)])
        return whole

    def broadcast_tensors(self, tensors: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        own = tensors or {}
        forms = {name: (tensor.shape, tensor.dtype) for name, tensor in own.items()}
        forms_of_first = self.broadcast(None if tensors is None else forms)
        if forms_of_first is None:
            return None
        shared: dict[str, Tensor] = {}
        for name, (shape, dtype) in forms_of_first.items():
            # between CPUs: nccl carries tensors on GPUs only, and the others do not know where rank 0 has its own
            shared[name] = (
                own[name].cpu().contiguous() if self.rank == 0 else torch.empty(shape, dtype=dtype, device="cpu")
            )
            self._meet(partial(dist.broadcast, shared[name], 0, group=self._control))
        return shared

    def digest_of_all(self, own: bytes | bytearray) -> str:
        whole = hashlib.sha256()
        for rank, length in enumerate(self.gather(len(own))):
            if length:
                part = bytearray(own) if rank == self.rank else bytearray(length)
                buffer = torch.frombuffer(part, dtype=torch.uint8)  # the same memory
                self._meet(partial(dist.broadcast, buffer, rank, group=self._control))
                whole.update(part)
        return whole.hexdigest()

    def gather(self, value: Any) -> list[Any]:
        values: list[Any] = [None] * self.world
        self._meet(lambda: dist.all_gather_object(values, value, group=self._control))
        return values

    def _meet(self, exchange: Callable[[], Result]) -> Result:
        """The result of an exchange among all ranks; LostRank, with its number where known, if one of them exited."""
        try:
            dist.monitored_barrier(self._control, MEETING_TIMEOUT)
            return exchange()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as reason:  # torch's own errors of connections and of timeouts are such
            raise LostRank(self._lost(str(reason))) from reason

    def _lost(self, reason: str) -> str:
        """The message that names the lost rank, as far as torch's own does."""
        numbers = [int(number) for number in RANK_IN_ERROR.findall(reason)]
        lost = next((number for number in numbers if number != self.rank), None)
        advice = "see its error above or torchrun's summary below, then restart all ranks"
        if lost is not None:
            return f"rank {lost} exited: {advice}"
        more = "" if "monitoredBarrier" in reason else f" ({reason.splitlines()[0][:200]})"  # a barrier's adds nothing
        return f"another rank exited: {advice}{more}"


@contextlib.contextmanager
def ranks_of_torchrun(device: str = "auto") -> Iterator[Ranks]:
    """The ranks that torchrun started, with this one, to compute on `device`; without torchrun, this process alone.

    Where the caller has a process group already, as under DistributedDataParallel, all of its processes; it stays as
    it is.
    Raises UsageError where a machine with GPUs, which `device` does not leave unused, has fewer of them than ranks.

    >>> with ranks_of_torchrun() as ranks:
    ...     ranks.rank, ranks.world
    (0, 1)
    """
    if world_of_caller() > 1:
        with contextlib.closing(
            TorchrunRanks("cpu:gloo,cuda:nccl" if "nccl" in dist.get_backend() else "gloo")
        ) as group:
            yield group
        return
    if not is_one_of_several():
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if device != "cpu" and _on_gpus() else "gloo"
    dist.init_process_group(backend, timeout=EXCHANGE_TIMEOUT)
    try:
        with contextlib.closing(TorchrunRanks(backend)) as group:
            yield group
    finally:
        with contextlib.suppress(RuntimeError):  # the others may have exited already
            dist.destroy_process_group()


def world_of_caller() -> int:
    """The number of processes in the group that the caller has initialised; 1 where there is none."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def own_device(name: str) -> str:
    """This rank's own device of that name: of several GPUs, the one with this rank's number on this machine.

    >>> own_device("cpu")
    'cpu'
    """
    if name in ("auto", "cuda") and "LOCAL_RANK" in os.environ and torch.cuda.is_available():
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return name


def device_of_rank(name: str, ranks: Ranks) -> torch.device:
    """The device of this rank: of several ranks each has a GPU of its own, or all share the CPU.

    Raises UsageError for a device that only one of them could have.
    """
    if ranks.world == 1:
        return pick_device(name)
    device = pick_device(own_device(name))
    if ":" in name or device.type not in ("cpu", "cuda"):
        raise UsageError(
            f"--device {name}: found {device} for {ranks.world} processes, needed cpu, or cuda without a number: each "
            "takes a GPU of its own"
        )
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def threads_of_rank(ranks: Ranks) -> int:
    """The number of threads of this rank: of several ranks, its share of the cores unless OMP_NUM_THREADS is set.

    torchrun sets OMP_NUM_THREADS=1 where the user does not.
    """
    if ranks.world == 1 or os.environ.get("OMP_NUM_THREADS", "1") != "1":
        return torch.get_num_threads()
    return cores_of_rank()


def prepare_rank(name: str, ranks: Ranks) -> str:
    """Give this rank its share of the cores, and return the name of its device."""
    torch.set_num_threads(threads_of_rank(ranks))
    return str(device_of_rank(name, ranks))


def _new_group(backend: str, timeout: timedelta) -> "dist.ProcessGroup":
    return cast("dist.ProcessGroup", dist.new_group(backend=backend, timeout=timeout))  # of all: no rank is outside


def _on_gpus() -> bool:
    ranks, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
    if 0 < gpus < ranks:
        raise UsageError(
            f"torchrun: found {ranks} ranks and {gpus} GPUs here, needed a GPU each: --nproc-per-node={gpus}"
        )
    return gpus > 0
