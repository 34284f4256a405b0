"""Several processes as one: `torchrun --nproc-per-node=K -m ganeval score ...`, on one machine or many.

`torch.distributed` carries everything: gloo between CPUs, nccl between GPUs. Before ranks exchange anything they meet,
so that one that has died is found and named instead of waited for.
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
from ganeval.runtime.launch import is_one_of_several, own_cores

PATIENCE = timedelta(days=1)  # one rank may score, or draw millions of pictures, while the others wait to meet it
TOGETHER = timedelta(minutes=30)  # once they have met, or while they start
PIECE = 2**24  # bytes that are sent at a time where nobody needs all of them
NAMED = re.compile(r"[Rr]ank (\d+)(?: failed to pass monitored|, but| timed out)")
Result = TypeVar("Result")


class LostRank(ContentError):
    """Another rank is gone: it died, or stopped with an error of its own."""


class Group(Ranks):
    """This process among those that torchrun started.

    It exchanges by process groups of its own, never by torch's default one, which parts of torch refer to until the
    interpreter ends: a thread of gloo that lets go of a tensor only then aborts the process. A group that nobody
    refers to waits for its threads.
    """

    def __init__(self, backend: str) -> None:
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self._values = _new_group(backend, TOGETHER)
        self._control = _new_group("gloo", PATIENCE)

    def close(self) -> None:
        """Let go of the process groups: a run may refer to this object for longer than there are others to talk to."""
        del self._values, self._control

    def total(self, values: Tensor) -> Tensor:
        summed = values.clone()
        self._meet(lambda: dist.all_reduce(summed, group=self._values))
        return summed

    def joined(self, rows: Tensor) -> Tensor:
        shapes = self.everyone(tuple(rows.shape))
        counts = [shape[0] for shape in shapes]
        widths = next((shape[1:] for shape in shapes if shape[0]), shapes[0][1:])  # who has no row may not know
        whole = rows.new_empty(sum(counts), *widths)
        parts = whole.split(counts)
        parts[self.rank].copy_(rows.reshape(len(rows), *widths))
        self._meet(lambda: [dist.broadcast(p, rank, group=self._values) for rank, p in enumerate(parts) if len(p)])
        return whole

    def tensors_of_first(self, tensors: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        own = tensors or {}
        about = self.first(None if tensors is None else {name: (one.shape, one.dtype) for name, one in own.items()})
        if about is None:
            return None
        shared: dict[str, Tensor] = {}
        for name, (shape, dtype) in about.items():
            # nccl carries what is on GPUs, the others do not know where rank 0 has it: between CPUs
            shared[name] = own[name].cpu().contiguous() if self.rank == 0 else torch.empty(shape, dtype=dtype)
            self._meet(partial(dist.broadcast, shared[name], 0, group=self._control))
        return shared

    def digested(self, own: bytes | bytearray) -> str:
        whole = hashlib.sha256()
        for rank, length in enumerate(self.everyone(len(own))):
            for start in range(0, length, PIECE):
                mine = rank == self.rank
                piece = bytearray(own[start : start + PIECE]) if mine else bytearray(min(PIECE, length - start))
                sent = torch.frombuffer(piece, dtype=torch.uint8)
                self._meet(partial(dist.broadcast, sent, rank, group=self._control))
                whole.update(piece)
        return whole.hexdigest()

    def everyone(self, value: Any) -> list[Any]:
        said: list[Any] = [None] * self.world
        self._meet(lambda: dist.all_gather_object(said, value, group=self._control))
        return said

    def _meet(self, exchange: Callable[[], Result]) -> Result:
        """What all ranks exchange; LostRank, with its number where it is known, if one of them is gone."""
        try:
            dist.monitored_barrier(self._control, PATIENCE)
            return exchange()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as reason:  # torch's own errors of connections and of timeouts are such
            raise LostRank(self._lost(str(reason))) from reason

    def _lost(self, reason: str) -> str:
        """Who is gone, as far as torch says it."""
        numbers = [int(number) for number in NAMED.findall(reason)]
        lost = next((number for number in numbers if number != self.rank), None)
        rest = "its own message, or torchrun's below, says why; start all of them again"
        if lost is not None:
            return f"rank {lost} is gone: {rest}"
        more = "" if "monitoredBarrier" in reason else f" ({reason.splitlines()[0][:200]})"  # which says no more
        return f"another rank is gone: {rest}{more}"


@contextlib.contextmanager
def ranks_of_torchrun(device: str = "auto") -> Iterator[Ranks]:
    """The group that torchrun started this process in, to compute on `device`; one that it did not start is alone.

    Raises UsageError where more ranks than GPUs are on this machine, if it has any and they are not to be left alone.

    >>> with ranks_of_torchrun() as ranks:
    ...     ranks.rank, ranks.world
    (0, 1)
    """
    if not is_one_of_several():
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if device != "cpu" and _on_gpus() else "gloo"
    dist.init_process_group(backend, timeout=TOGETHER)
    try:
        with contextlib.closing(Group(backend)) as group:
            yield group
    finally:
        with contextlib.suppress(RuntimeError):  # the others may be gone already
            dist.destroy_process_group()


def own_device(name: str) -> str:
    """The device of that name that is this rank's own: of several GPUs, the one of its number on this machine.

    >>> own_device("cpu")
    'cpu'
    """
    if name in ("auto", "cuda") and "LOCAL_RANK" in os.environ and torch.cuda.is_available():
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return name


def device_of(name: str, ranks: Ranks) -> torch.device:
    """Where this process computes: of several ranks each on a GPU of its own, or on the CPU.

    UsageError for a device that only one of them could have.
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


def threads_beside(ranks: Ranks) -> int:
    """The threads of this process: of several, its share of the cores where the user has not said otherwise.

    torchrun says OMP_NUM_THREADS=1 where the user says nothing.
    """
    if ranks.world == 1 or os.environ.get("OMP_NUM_THREADS", "1") != "1":
        return torch.get_num_threads()
    return own_cores()


def placed(name: str, ranks: Ranks) -> str:
    """Where this process computes; among several with its share of the cores."""
    torch.set_num_threads(threads_beside(ranks))
    return str(device_of(name, ranks))


def _new_group(backend: str, timeout: timedelta) -> "dist.ProcessGroup":
    return cast("dist.ProcessGroup", dist.new_group(backend=backend, timeout=timeout))  # of all: no rank is outside


def _on_gpus() -> bool:
    ranks, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
    if 0 < gpus < ranks:
        raise UsageError(
            f"torchrun: found {ranks} ranks and {gpus} GPUs here, needed a GPU each: --nproc-per-node={gpus}"
        )
    return gpus > 0
