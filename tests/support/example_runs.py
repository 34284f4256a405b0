"""Run folders written by hand, with every array that a plot needs, and with known numbers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganeval.reports.report import ImageSet, Protocol, Report, Score
from ganeval.reports.run_folders import StoredReport, write_run

STEPS = (100, 200, 300)
BEST = 200
PROTOCOL = Protocol("tf1", "digits", "features", "published", "ab" * 32, "tf1-bilinear")
CONFIG = {"model": "dcgan", "shape": [1, 8, 8], "classes": 0, "seed": 0, "steps": 300}
MODES = {"samples": [50, 30, 20, 0], "reference": [25, 25, 25, 25], "names": ["a", "b", "c", "d"]}


def report_on(name: str, fid: float = 1.0, **scores: Score) -> Report:
    """A report with a FID, precision and recall and their errors, and counts by mode."""
    own = {
        "fid": Score(fid, "lower", error=0.1),
        "precision": Score(0.8, "higher", error=0.02),
        "recall": Score(0.7, "higher", error=0.03),
        "modes_covered": Score(3, "higher", total=4, more=MODES),
    }
    images = ImageSet(name, name, 100, fingerprint=f"sha256:{name}")
    real = ImageSet("digits:test", "digits:test", 500, fingerprint="sha256:real")
    return Report("0.1.0", "2026-01-31T12:00:00Z", images, real, PROTOCOL, {**own, **scores})


def grid(cells: np.ndarray, scale: int = 3) -> Image.Image:
    """uint8 cells (rows, columns, S, S, 3) as a grid: white gaps of 2, enlarged by a whole number."""
    rows, columns, side = cells.shape[:3]
    canvas = np.full((rows * (side + 2) + 2, columns * (side + 2) + 2, 3), 255, np.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = 2 + row * (side + 2), 2 + column * (side + 2)
            canvas[top : top + side, left : left + side] = cells[row, column]
    return Image.fromarray(canvas.repeat(scale, 0).repeat(scale, 1))


def some_cells(rows: int, columns: int, side: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, side, side, 3), np.uint8)


def plane(seed: int) -> dict[str, Any]:
    """A plane whose score is x, so that its boundary, at 0.25, is upright."""
    random, axis = np.random.default_rng(seed), np.linspace(-1, 1, 32, dtype=np.float32)
    points = {"real": random.normal(0.3, 0.1, (50, 2)), "made": random.normal(-0.3, 0.1, (50, 2))}
    return {"x": axis, "y": axis, "scores": np.tile(axis, (32, 1)), "boundary": np.float64(0.25), **points}


def log_lines(terms: Mapping[str, float]) -> list[dict[str, Any]]:
    losses = [{"step": step, **{key: value / step for key, value in terms.items()}} for step in range(10, 301, 10)]
    fids = dict(zip(STEPS, (4.0, 1.5, 2.0), strict=True))
    measured = {"precision": 0.5, "recall": 0.6, "floor": 0.9}
    more = {step: {"fid_raw": 1.25 * fid, "fid_train": fid / 2, **measured} for step, fid in fids.items()}
    checks = [{"step": step, "check": {"fid": fid, **more[step]}} for step, fid in fids.items()]
    return losses + checks


TERMS = {
    "dcgan": {"d/loss": 10.0, "g/loss": 20.0, "d/real": 30.0, "d/fake": -30.0, "d/gradient penalty": 5.0},
    "cyclegan": {"d/a": 1.0, "d/b": 2.0, "g/ab": 3.0, "g/ba": 4.0, "g/cycle a": 5.0},
}


def scores_at(step: int, ending: str = "") -> dict[str, np.ndarray]:
    random = np.random.default_rng(step)
    means = {"real": 1.0, "held_out": 0.5, "made": -1.0}
    return {f"{key}{ending}": random.normal(mean, 1, 80).astype(np.float32) for key, mean in means.items()}


def store(path: Path, **arrays: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def store_pictures(folder: Path, side: int, labels: bool) -> None:
    """An interpolation and one layer."""
    cells = some_cells(12, 9, side, 7)[..., :1]
    classes = {"labels": np.array([3, 1, 0, 2])} if labels else {}
    positions = np.linspace(0, 1, 9)
    store(folder / "interpolation.npz", linear=cells[:4], spherical=cells[4:8], positions=positions, **classes)
    images = {"pictures": cells[8, :8], "before": cells[9, :8], "layer": np.array("block2")}
    numbers = {"channels": np.arange(8), "start": np.arange(8) / 2, "reached": np.arange(8) + 1.0}
    store(folder / "activation-block2.npz", **images, **numbers)


def make(parent: Path, name: str, fid: float, names: list[str] | None, config: Mapping[str, Any]) -> StoredReport:
    """A finished run in a folder of its name, with everything that the kind of run has."""
    folder = parent / name
    request = {**CONFIG, **config}
    kind = "cyclegan" if request["model"] == "cyclegan" else "dcgan"
    request["other_channels"] = 1 if kind == "cyclegan" else 0
    title = f"{name} digit→outline" if kind == "cyclegan" else name
    training = {"best_step": BEST, "selection_fid": {"100": 4.0, "200": 1.5, "300": 2.0}, "config": request}
    report = report_on(title, fid)
    report = replace(report, more={"training": training})
    write_run(folder, report, {"config": request, "classes": names})
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log_lines(TERMS[kind])))
    columns = 12 if kind == "cyclegan" else request["classes"] if 0 < request["classes"] <= 16 else 8
    (folder / "grids").mkdir()
    for step in STEPS:
        if request["shape"] == [2]:
            store(folder / "grids" / f"step-{step:08}.npz", **plane(step))
        else:
            image = grid(some_cells(8, columns, request["shape"][-1], step))
            image.save(folder / "grids" / f"step-{step:08}.png")
        endings = ("_a", "_b") if kind == "cyclegan" else ("",)
        both = {key: value for ending in endings for key, value in scores_at(step, ending).items()}
        store(folder / "learning" / f"scores-{step:08}.npz", **both)
    if request["shape"] == [2]:
        ways = np.random.default_rng(0).normal(0, 1, (2, 4, 9, 2)).astype(np.float32)
        positions = np.linspace(0, 1, 9)
        store(folder / "learning" / "interpolation.npz", linear=ways[0], spherical=ways[1], positions=positions)
    else:
        store_pictures(folder / "learning", request["shape"][-1], request["classes"] > 0)
    return StoredReport(report, folder)
