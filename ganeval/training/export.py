"""`ganeval sample`: pictures of a trained run as a folder, a zip or an npz, written beside and renamed."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ganeval.errors import ContentError, UsageError, unknown
from ganeval.reports.run_folders import config_of, is_trained
from ganeval.runtime.devices import pick_device
from ganeval.runtime.files import replacing
from ganeval.training.data.dataset import Splits
from ganeval.training.data.domains import load_domains
from reference_models import CheckpointError, ConfigError, Sampler, load_sampler

CHECKPOINTS = ("best", "last")
DIRECTIONS = ("ab", "ba")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in a zip: the same samples give the same bytes


@dataclass(frozen=True)
class SampleRequest:
    """Which samples of a run: how many, of which seed, checkpoint, weights, and direction of a CycleGAN."""

    count: int | None = None
    seed: int = 2020
    checkpoint: str = "best"
    raw: bool = False
    direction: str = "ab"
    device: str = "auto"
    data_root: Path | None = None
    offline: bool = False


def sample_run(run: Path, target: Path, wanted: SampleRequest) -> str:
    """Write samples of a run to `target`, and say what was written in one line.

    Classes are folders, or `labels` in an npz. Raises UsageError for a target that cannot be meant or is there already
    as a folder with files, ContentError for a run without a checkpoint.
    """
    _check(run, target, wanted)
    config = config_of(run)
    if not is_trained(run):
        raise ContentError(f"{run}: is no run of `ganeval train`, so there is nothing to sample from")
    model = config["config"]["model"]
    if wanted.direction != DIRECTIONS[0] and model != "cyclegan":
        raise UsageError(f"--direction {wanted.direction}: is for cyclegan, and {model} would ignore it")
    try:
        sampler = load_sampler(
            run,
            checkpoint=wanted.checkpoint,
            raw=wanted.raw,
            direction=wanted.direction,
            device=str(pick_device(wanted.device)),
        )
    except (CheckpointError, ConfigError) as error:
        raise ContentError(str(error)) from error
    pixels, labels = _made(sampler, config, wanted)
    names = _names(len(pixels), labels, config.get("classes"))
    if target.suffix == ".npz":
        write_npz(target, pixels, labels)
    elif pixels.ndim == 2:
        raise UsageError(f"{target}: these are points, needed an .npz to write them to")
    elif target.suffix == ".zip":
        _write_zip(target, zip(names, pixels, strict=True))
    else:
        _write_folder(target, zip(names, pixels, strict=True))
    return f"{target}: {len(pixels):,} {'points' if pixels.ndim == 2 else 'pictures'} of {run.name}"


def _check(run: Path, target: Path, wanted: SampleRequest) -> None:
    if not run.is_dir():
        raise UsageError(f"{run}: no such run folder")
    if wanted.checkpoint not in CHECKPOINTS:
        raise unknown("checkpoint", wanted.checkpoint, CHECKPOINTS)
    if wanted.direction not in DIRECTIONS:
        raise unknown("direction", wanted.direction, DIRECTIONS)
    if not 0 <= wanted.seed < 2**32:
        raise UsageError(f"--seed: found {wanted.seed}, needed 0 to {2**32 - 1}")
    if target.suffix not in ("", ".npz", ".zip"):
        raise UsageError(f"-o {target}: found the suffix '{target.suffix}', needed a folder, .npz or .zip")
    if target.is_dir() and (target.suffix or any(target.iterdir())):
        raise UsageError(f"-o {target}: found a folder with files, needed one that is empty or not there")
    if target.is_file() and not target.suffix:
        raise UsageError(f"-o {target}: found a file, needed a folder, .npz or .zip")


def _made(sampler: Sampler, config: dict[str, Any], wanted: SampleRequest) -> tuple[Tensor, Tensor | None]:
    if sampler.config.model != "cyclegan":
        return sampler.draw(wanted.count or 10_000, wanted.seed)
    source = source_of(config, wanted.direction, wanted.data_root, wanted.offline).test
    if wanted.count is None:
        return sampler.translate(source.pixels), source.labels
    if wanted.count > len(source):
        raise UsageError(f"-n {wanted.count}: this run translates test pictures, and there are {len(source)}")
    chosen = np.random.RandomState(wanted.seed).permutation(len(source))[: wanted.count]
    return sampler.translate(source.pixels[chosen]), None if source.labels is None else source.labels[chosen]


def source_of(config: dict[str, Any], direction: str, data_root: Path | None, offline: bool) -> Splits:
    """What a CycleGAN translates from, by its `config.json`; ContentError where the data are no longer those."""
    places: dict[str, Any] = {"size": config.get("size"), "data_root": data_root, "offline": offline}
    domains = load_domains(str(config["data"]), config.get("data_b"), **places)
    if domains.fingerprint != config.get("data_sha256"):
        raise ContentError(
            f"{config['data']}: found other pictures than this run was trained on, of which it would translate some; "
            "needed the same; put them back, or train anew"
        )
    return domains.a if direction == "ab" else domains.b


def _names(count: int, labels: Tensor | None, classes: list[str] | None) -> list[str]:
    """File names in order: numbers, in a folder per class where there are classes."""
    width = len(str(count - 1))
    numbers = [f"{index:0{width}d}.png" for index in range(count)]
    if labels is None:
        return numbers
    known = classes or [str(label) for label in range(int(labels.max()) + 1)]
    return [f"{known[label].replace('/', '_')}/{name}" for label, name in zip(labels.tolist(), numbers, strict=True)]


def write_npz(target: Path, pixels: Tensor, labels: Tensor | None) -> None:
    array = pixels.permute(0, 2, 3, 1).numpy() if pixels.ndim == 4 else pixels.numpy()
    kept = {"arr_0": array} | ({} if labels is None else {"labels": labels.numpy()})
    with replacing(target) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **kept)  # type: ignore[arg-type]


def _write_zip(target: Path, named: Iterator[tuple[str, Tensor]]) -> None:
    with replacing(target) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, picture in named:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), encoded(picture))


def _write_folder(target: Path, named: Iterator[tuple[str, Tensor]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, picture in named:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(encoded(picture))
        partial.chmod(0o755)
        os.replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def encoded(picture: Tensor) -> bytes:
    """A picture (C, H, W) as PNG."""
    array = picture.permute(1, 2, 0).numpy()
    buffer = BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(buffer, format="PNG")
    return buffer.getvalue()
