"""Whole commands, as a user starts them: folders scored by ganeval and by torch-fidelity, and light ones."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import HERE, Measured, in_process
from PIL import Image

FOLDER_ROWS = (
    ("score, PNG", "fidelity, PNG"),
    ("score, JPEG", "fidelity, JPEG"),
    ("score again, reference cached, PNG", "score, PNG"),
)
PEERS_NAMES = {
    "inception_score": "inception_score_mean",
    "fid": "frechet_inception_distance",
    "kid": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
}
LIMITS = {"ganeval --help": 0.3, "ganeval compare": 1.0, "ganeval gate": 1.0}


def folder_cases(root: Path, weights: Path, count: int) -> dict[str, Callable[[], Measured]]:
    """What to run on folders of so many pictures, by name."""
    cases: dict[str, Callable[[], Measured]] = {}
    for kind, ending, options in (("PNG", "png", {}), ("JPEG", "jpg", {"quality": 95})):
        made, real = (root / f"{name}-{ending}" for name in ("made", "real"))
        for folder, start in ((made, 0), (real, count)):
            _write_pictures(folder, _pictures(start, count), ending, options)
        cases[f"score, {kind}"] = lambda made=made, real=real: _scored(made, real, weights)
        cases[f"fidelity, {kind}"] = lambda made=made, real=real, ending=ending: _by_peer(made, real, weights, ending)
    cases["score again, reference cached, PNG"] = lambda: _scored_again(root, weights)
    return cases


def _scored(made: Path, real: Path, weights: Path, cache: Path | None = None) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "ganeval", "score", "--samples", str(made), "--ref", str(real)]
        command += ["--weights", str(weights), "--json", str(report), "--offline", "--device", "cpu"]
        keeping = {"GANEVAL_CACHE": str(cache)} if cache else {}
        seconds, peak, _ = in_process([*command, *([] if cache else ["--no-cache"])], keeping)
        scores = json.loads(report.read_text())["scores"]
    return Measured(seconds, peak, {peer: scores[own]["value"] for own, peer in PEERS_NAMES.items()})


def _scored_again(root: Path, weights: Path) -> Measured:
    """Other samples against a reference whose features an earlier command has kept."""
    with tempfile.TemporaryDirectory() as cache:
        few = root / "few"
        if not few.is_dir():
            _write_pictures(few, _pictures(0, 20), "png", {})
        _scored(few, root / "real-png", weights, Path(cache))
        return _scored(root / "made-png", root / "real-png", weights, Path(cache))


def _by_peer(made: Path, real: Path, weights: Path, ending: str) -> Measured:
    command = [sys.executable, "-m", "torch_fidelity.fidelity", "--input1", str(made), "--input2", str(real)]
    command += ["--isc", "--fid", "--kid", "--prc", "--feature-extractor-weights-path", str(weights)]
    command += ["--cpu", "--no-cache", "--json", "--silent", "--samples-find-ext", ending]
    command += ["--feature-extractor", "inception-v3-compat", "--feature-layer-prc", "2048"]  # else VGG16
    command += ["--samples-ext-lossy", "none"]  # it would only warn
    command += ["--kid-subset-size", str(min(1000, len(list(made.iterdir()))))]  # fewer are an error there
    seconds, peak, out = in_process(command)
    return Measured(seconds, peak, json.loads(out))


def _pictures(start: int, count: int) -> np.ndarray[Any, Any]:
    """CIFAR-10's training pictures, or random ones where that is not here."""
    from ganeval.errors import GanevalError
    from ganeval.sources.datasets import open_dataset

    try:
        images = open_dataset("cifar10", offline=True)
        return np.stack([images.item(index).pixels.transpose(1, 2, 0) for index in range(start, start + count)])
    except GanevalError:
        from inception_weights import varied_images

        return varied_images(count, 32, seed=start).numpy().transpose(0, 2, 3, 1)


def _write_pictures(folder: Path, pictures: np.ndarray[Any, Any], ending: str, options: dict[str, Any]) -> None:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{index:05}.{ending}", **options)


def command_rows(rounds: int) -> tuple[str, dict[str, Measured]]:
    """Commands that need no network: seconds of the whole process, and whether torch was imported."""
    results = str(HERE.parent / "results" / "recorded")
    report = HERE.parent / "results" / "recorded" / "digits-vanilla-s0"
    commands = {
        "ganeval --help": ["--help"],
        "ganeval compare": ["compare", results],
        "ganeval gate": ["gate", str(report), "--max", "fid=1e9"],
    }
    lines, found = ["| command | seconds | wanted | torch imported |", "|---|---:|---:|---|"], {}
    for name, words in commands.items():
        runs = [in_process([sys.executable, "-c", _asking(words)]) for _ in range(max(3, rounds))]
        imported = any(out.splitlines()[-1] == "torch" for _, _, out in runs)
        seconds, peak = min(run[0] for run in runs), max(run[1] for run in runs)
        found[name] = Measured(seconds, peak, {"torch imported": float(imported)})
        lines.append(f"| `{name}` | {seconds:.2f} | under {LIMITS[name]} | {'yes' if imported else 'no'} |")
    return "\n".join(lines), found


def _asking(words: list[str]) -> str:
    """The command, and at its end a line that says whether torch came in."""
    return (
        "import sys\nfrom ganeval.cli import main\n"
        f"main.main({words!r}, standalone_mode=False)\n"
        "print('torch' if 'torch' in sys.modules else 'light')"
    )
