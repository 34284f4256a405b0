"""`ganeval sample`: samples of a trained run as a folder, a zip or an npz, written beside and renamed."""

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
from ganeval.runtime.files import replacing, write_arrays
from ganeval.sources.opening import Opening
from ganeval.training.data.domains import DIRECTIONS, FORTH, Domains, open_domains
from ganeval.training.run import checkpoint_errors
from reference_models import Sampler, load_sampler

CHECKPOINTS = ("best", "last")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in a zip: the same samples give the same bytes


@dataclass(frozen=True)
class SampleRequest:
    """The samples asked for: their number, seed, checkpoint, raw or averaged weights, and a CycleGAN's direction."""

    count: int | None = None
    seed: int = 2020
    checkpoint: str = "best"
    raw: bool = False
    direction: str = FORTH.name
    device: str = "auto"
    data_root: Path | None = None
    offline: bool = False


def sample_run(run: Path, target: Path, request: SampleRequest) -> str:
    """Write samples of a run to `target`; returns a line that reports what was written.

    Classes are folders, or `labels` in an npz. Raises UsageError for a target that cannot be meant or is there already
    as a folder with files, ContentError for a run without a checkpoint.
    """
    _check(run, target, request)
    config = config_of(run)
    if not is_trained(run):
        raise ContentError(f"{run}: found no run of `ganeval train`, needed one to sample from")
    with checkpoint_errors():
        sampler = load_sampler(
            run,
            checkpoint=request.checkpoint,
            raw=request.raw,
            direction=request.direction,
            device=str(pick_device(request.device)),
        )
    if request.direction != FORTH.name and not sampler.translates:
        model = sampler.config.model
        raise UsageError(f"--direction {request.direction}: is for cyclegan, and {model} would ignore it")
    with checkpoint_errors():
        pixels, labels = _samples(sampler, config, request)
    names = _names(len(pixels), labels, config.get("classes"))
    if target.suffix == ".npz":
        write_npz(target, pixels, labels)
    elif pixels.ndim == 2:
        raise UsageError(f"{target}: found points, needed an .npz to write them to")
    elif target.suffix == ".zip":
        _write_zip(target, zip(names, pixels, strict=True))
    else:
        _write_folder(target, zip(names, pixels, strict=True))
    return f"{target}: {len(pixels):,} {'points' if pixels.ndim == 2 else 'images'} of {run.name}"


def _check(run: Path, target: Path, request: SampleRequest) -> None:
    if not run.is_dir():
        raise UsageError(f"{run}: no such run folder")
    if request.checkpoint not in CHECKPOINTS:
        raise unknown("checkpoint", request.checkpoint, CHECKPOINTS)
    if request.direction not in DIRECTIONS:
        raise unknown("direction", request.direction, DIRECTIONS)
    if not 0 <= request.seed < 2**32:
        raise UsageError(f"--seed: found {request.seed}, needed 0 to {2**32 - 1}")
    if target.suffix not in ("", ".npz", ".zip"):
        raise UsageError(f"-o {target}: found the suffix '{target.suffix}', needed a folder, .npz or .zip")
    if target.is_dir() and (target.suffix or any(target.iterdir())):
        raise UsageError(f"-o {target}: found a folder with files, needed one that is empty or not there")
    if target.is_file() and not target.suffix:
        raise UsageError(f"-o {target}: found a file, needed a folder, .npz or .zip")


def _samples(sampler: Sampler, config: dict[str, Any], request: SampleRequest) -> tuple[Tensor, Tensor | None]:
    if not sampler.translates:
        return sampler.draw(request.count or 10_000, request.seed)
    domains = domains_of(config, request.data_root, request.offline)
    source = domains.source(DIRECTIONS[request.direction]).test
    if request.count is not None:
        if request.count > len(source):
            raise UsageError(f"-n {request.count}: found {len(source)} test images to translate; leave -n out for all")
        source = source.take(np.random.RandomState(request.seed).permutation(len(source))[: request.count])
    return sampler.translate(source.pixels), source.labels


def domains_of(config: dict[str, Any], data_root: Path | None, offline: bool) -> Domains:
    """The domains of a CycleGAN, by its `config.json`; ContentError where the data are no longer those."""
    opening = Opening(data_root, offline)
    domains = open_domains(str(config["data"]), config.get("data_b"), opening, size=config.get("size")).read()
    if domains.fingerprint != config.get("data_sha256"):
        raise ContentError(
            f"{config['data']}: found other images than this run was trained on, needed the same to translate; "
            "put them back, or train again"
        )
    return domains


def _names(count: int, labels: Tensor | None, classes: list[str] | None) -> list[str]:
    """File names in order: numbers, in a folder per class where there are classes."""
    width = len(str(count - 1))
    numbers = [f"{index:0{width}d}.png" for index in range(count)]
    if labels is None:
        return numbers
    known = classes or [str(label) for label in range(int(labels.max()) + 1)]
    return [f"{known[label].replace('/', '_')}/{name}" for label, name in zip(labels.tolist(), numbers, strict=True)]


def write_npz(target: Path, pixels: Tensor, labels: Tensor | None) -> None:
    """Write samples, channels last, and their labels where there are any."""
    array = pixels.permute(0, 2, 3, 1).numpy() if pixels.ndim == 4 else pixels.numpy()
    write_arrays(target, {"arr_0": array} | ({} if labels is None else {"labels": labels.numpy()}))


def _write_zip(target: Path, named: Iterator[tuple[str, Tensor]]) -> None:
    with replacing(target) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, image in named:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), encoded(image))


def _write_folder(target: Path, named: Iterator[tuple[str, Tensor]]) -> None:
    with replacing(target) as partial:
        for name, image in named:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(encoded(image))


def encoded(image: Tensor) -> bytes:
    """An image (C, H, W) as PNG."""
    array = image.permute(1, 2, 0).numpy()
    buffer = BytesIO()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(buffer, format="PNG")
    return buffer.getvalue()
