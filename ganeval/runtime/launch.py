"""This process among those of torchrun, by its environment: known before torch is imported."""

import os
import socket

SET_BY_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def is_one_of_several() -> bool:
    """Whether torchrun started this process, and others beside it."""
    return all(name in os.environ for name in SET_BY_TORCHRUN) and os.environ["WORLD_SIZE"] != "1"


def is_first_rank() -> bool:
    """Whether this is the process that prints and writes: the only one, or rank 0."""
    return not is_one_of_several() or os.environ["RANK"] == "0"


def rank_label() -> str:
    """The name of this process in messages: its rank, and its machine."""
    return f"rank {os.environ['RANK']} of {os.environ['WORLD_SIZE']} ({socket.gethostname()})"


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores() -> None:
    """Let numpy and scipy use this rank's share of the cores, before either is imported: torchrun sets one thread.

    The number of torch's threads can be set later, theirs cannot.
    """
    if is_one_of_several() and os.environ.get("OMP_NUM_THREADS") == "1":
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(cores_of_rank()))


def let_others_run() -> None:
    """Let OpenMP's waiting threads sleep, before torch is imported: where other processes want the cores, threads that
    wait by spinning take them from the one that is waited for, and all slow down five times and more.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"} & set(os.environ):  # the user's own say
        os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0", KMP_BLOCKTIME="0")


def cores_of_rank() -> int:
    """This rank's share of the cores, which all of torchrun's processes on one machine may use."""
    return max(1, cores() // int(os.environ["LOCAL_WORLD_SIZE"])) if is_one_of_several() else cores()
