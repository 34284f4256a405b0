"""An `Evaluator` in a training on several processes: with `ranks` one report on the images of all."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ganeval
from ganeval.evaluation.settings import Settings

PROCESS = """
import json, sys, warnings
import numpy as np, torch.distributed as dist
import ganeval
from ganeval.evaluation.settings import Settings

dist.init_process_group("gloo")
images = np.load(sys.argv[1])
settings = Settings(metrics="fid,kid,pr", extractor="digits", device="cpu", cache=False)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    alone = ganeval.Evaluator("digits:test", settings)
    texts = [str(warning.message) for warning in caught]
with ganeval.ranks_of_torchrun("cpu") as ranks:
    own = images[ranks.part(len(images))]
    evaluator = ganeval.Evaluator("digits:test", settings, ranks=ranks)
    reports = []
    for _ in range(2):
        evaluator.reset()
        for start in range(0, len(own), 7):
            evaluator.update(own[start : start + 7])
        reports.append(evaluator.compute().to_dict())
alone.update(own)
result = {"reports": reports, "alone": alone.compute().to_dict(), "texts": texts}
with open(f"{sys.argv[1]}.{dist.get_rank()}.json", "w") as file:
    json.dump(result, file)
dist.barrier()
dist.destroy_process_group()
"""


@pytest.mark.torchrun
def test_ranks_give_the_report_of_all_images(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (41, 8, 8), np.uint8)
    np.save(tmp_path / "images.npy", images)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        place = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2"}
        command = [sys.executable, "-c", PROCESS, str(tmp_path / "images.npy")]
        processes.append(subprocess.Popen(command, env={**os.environ, **place, "OMP_NUM_THREADS": "1"}))
    assert [process.wait(120) for process in processes] == [0, 0]
    results = [json.loads((tmp_path / f"images.npy.{rank}.json").read_text()) for rank in range(2)]
    settings = Settings(metrics="fid,kid,pr", extractor="digits", device="cpu", cache=False)
    evaluator = ganeval.Evaluator("digits:test", settings)
    evaluator.update(images)
    whole = json.loads(json.dumps(evaluator.compute().to_dict()))
    for report in (report for result in results for report in result["reports"]):
        assert report["samples"] == whole["samples"]
        for name, score in whole["scores"].items():
            assert report["scores"][name]["value"] == pytest.approx(score["value"], rel=1e-6), name
    assert results[0]["reports"] == results[1]["reports"]
    assert [result["alone"]["samples"]["count"] for result in results] == [20, 21]
    for result in results:
        (text,) = [text for text in result["texts"] if text.startswith("Evaluator")]
        assert text.startswith(
            "Evaluator: scores the images of this process alone, of 2; to join them pass ranks=ranks"
        )
