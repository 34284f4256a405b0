"""Starting real ranks: plain processes with torchrun's variables, or torchrun itself."""

import os
import subprocess
import sys
from pathlib import Path

from torch.distributed import TCPStore

SCRIPTS = Path(__file__).parent
ENDED = 300  # seconds after which a run hangs: far more than a busy machine needs, far less than gloo waits of itself


def run_ranks(world: int, script: Path, *arguments: str) -> list[subprocess.CompletedProcess[str]]:
    """A script in as many processes, which nobody watches over: what each printed, and its exit code."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # listens already: its port is kept
    shared = {"WORLD_SIZE": str(world), "LOCAL_WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1"}
    shared |= {"MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    shared |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), *arguments],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    try:
        said = [process.communicate(timeout=ENDED) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [
        subprocess.CompletedProcess(process.args, process.returncode, *texts)
        for process, texts in zip(processes, said, strict=True)
    ]


def started(world: int, *arguments: str) -> subprocess.Popen[str]:
    """`torchrun --nproc-per-node=K -m ganeval ...` on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [*command, "-m", "ganeval", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """What it printed, and its exit code; killed where it does not end."""
    try:
        texts = process.communicate(timeout=ENDED)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, *texts)


def torchrun(world: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    return ended(started(world, *arguments))
