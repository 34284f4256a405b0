"""A caller's global state of torch, its default type and device, changes no result and is left as it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

JOURNEY = """
import json, sys
import numpy as np, torch

folder, state = sys.argv[1:]
images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 1, 8, 8), np.uint8))
if state == "float64":
    torch.set_default_dtype(torch.float64)
if state == "meta":  # a device of its own on any machine
    torch.set_default_device("meta")

import ganeval
from ganeval.evaluation.settings import Settings
from reference_models import Config, Data, build, load_sampler, train

train(build(Config("vanilla", net="mlp", width=8, steps=4, batch_size=8)), Data(images), folder)
samples, _ = load_sampler(folder).draw(80, seed=0)
settings = Settings(metrics="fid,fid-infinity,is,kid,pr,dc,modes", device="cpu", cache=False)
report = ganeval.evaluate(samples, "digits:test", settings)
evaluator = ganeval.Evaluator("digits:test", settings)
evaluator.update(samples)
features = np.random.default_rng(0).normal(size=(2, 50, 4))
scores = {
    "report": report.to_dict()["scores"],
    "evaluator": evaluator.compute().to_dict()["scores"],
    "features": {name: score.value for name, score in ganeval.score_features(*features).items()},
    "gate": ganeval.gate(report, max={"fid": 1e9}).exit_code,
}
assert torch.get_default_dtype() == (torch.float64 if state == "float64" else torch.float32)
assert torch.get_default_device().type == ("meta" if state == "meta" else "cpu")
print(json.dumps(scores))
"""


def journey(folder: Path, state: str) -> dict[str, object]:
    command = [sys.executable, "-W", "ignore", "-c", JOURNEY, str(folder / state), state]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    scores: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return scores


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return journey(tmp_path_factory.mktemp("runs"), "plain")


@pytest.mark.parametrize("state", ["float64", "meta"])
def test_default_type_and_device_change_nothing(tmp_path: Path, plain: dict[str, object], state: str) -> None:
    assert journey(tmp_path, state) == plain
