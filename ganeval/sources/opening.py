"""`open_source`: the one place that tells paths, data sets, runs, `module:function` and statistics files apart."""

import difflib
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganeval.errors import ContentError, GanevalWarning, UsageError
from ganeval.media.archives import vet_npz
from ganeval.media.arrays import array_images, npy_images, npz_images, pt_images
from ganeval.media.base import SampleSet
from ganeval.media.files import folder_images, listed_images, tar_images, zip_images
from ganeval.media.streams import images_in, stream_images
from ganeval.reports.report import load_report
from ganeval.reports.run_folders import SAMPLES, config_of, is_run, is_trained, samples_of
from ganeval.sources.datasets import DATASETS, open_dataset
from ganeval.sources.mixtures import MIXTURES, is_mixture, open_mixture, points_of, read_points
from ganeval.sources.statistics_files import SUFFIXES, Statistics, names_in, read_statistics
from ganeval.sources.user_code import import_function

OPENERS: dict[str, Callable[[Path], SampleSet]] = {".zip": zip_images, ".tar": tar_images}
NAMES = (*DATASETS, *MIXTURES)
SAMPLED = 10_000  # of a trained run that was never scored
COMPRESSED_TARS = (".tgz", ".gz", ".bz2", ".xz", ".zst")


Source = SampleSet | Statistics


@dataclass(frozen=True)
class Opening:
    """What opening a source may need: where data sets are, how many images a generator is asked for, what it is for.

    `images`: of a file that holds both images and statistics (ADM's do) the images are wanted. `points`: arrays,
    .npy and .npz hold points (N, D), to be scored against a mixture. `device`: where a trained run is sampled.
    `channels`: what the four channels of an array are.
    """

    data_root: Path | None = None
    offline: bool = False
    count: int | None = None
    seed: int = 2020
    latent: int | tuple[int, ...] | None = None
    images: bool = False
    points: bool = False
    device: str = "cpu"
    channels: str | None = None


def open_source(source: Any, opening: Opening = Opening()) -> Source:
    """The images or statistics behind anything that `SRC` may be.

    A folder, `.zip`, `.tar`, `.npz`, `.npy`, a data set's name, a run folder, `module:function`, a statistics file; in
    Python also an array, a tensor, a list of paths or of images of Pillow, a data set of torch, a dict with images (as
    those of Hugging Face), an iterable, a callable or a `torch.nn.Module` (with `latent`).
    Raises UsageError for a name or path that means nothing, ContentError for what is found there.
    """
    if isinstance(source, SampleSet | Statistics):
        return source
    if isinstance(source, str | Path):
        return _named(str(source), opening)
    if hasattr(source, "__array__") or hasattr(source, "detach"):
        if opening.points:
            return points_of(source, "array")
        return array_images(source, "array", channels=opening.channels)
    if isinstance(source, Mapping):
        return open_source(images_in(source, "dict"), opening)
    if isinstance(source, list | tuple) and source and all(isinstance(item, str | Path) for item in source):
        return listed_images(source)
    if callable(source) or isinstance(source, Iterable) or hasattr(source, "__getitem__"):
        return _stream(source, getattr(source, "__name__", type(source).__name__), opening)
    raise UsageError(f"samples: found a {type(source).__name__}, needed a path, an array, an iterable or a callable")


def open_images(source: Any, opening: Opening = Opening()) -> SampleSet:
    """The images behind a source, as `open_source` opens it; UsageError for points or statistics."""
    samples = open_source(source, replace(opening, images=True))
    if isinstance(samples, Statistics):
        raise UsageError(f"{samples.name}: found points or statistics, needed images")
    return samples


def _stream(source: Any, name: str, opening: Opening) -> SampleSet:
    return stream_images(
        source, name, opening.count, latent=opening.latent, seed=opening.seed, channels=opening.channels
    )


def full_name(source: Any) -> str:
    """A source as reports record it: what was given, with the split that a data set's bare name stands for.

    >>> full_name("cifar10"), full_name("out/")
    ('cifar10:train', 'out/')
    """
    if not isinstance(source, str | Path):
        return display_name(source)
    return f"{source}:train" if str(source) in NAMES else str(source)


def display_name(source: Any) -> str:
    """How a table calls a source that was given no name.

    >>> display_name("out/dcgan/"), display_name("cifar10"), display_name("out/a.zip")
    ('dcgan', 'cifar10:train', 'a')
    """
    if isinstance(source, str | Path):
        text, path = full_name(source), Path(source)
        if text.partition(":")[0] in NAMES or (":" in text and not path.exists()):
            return text
        return path.stem if path.suffix.lower() in (*OPENERS, ".npy", *SUFFIXES) else Path(os.path.realpath(path)).name
    return str(getattr(source, "name", None) or getattr(source, "__name__", None) or type(source).__name__)


def _named(text: str, opening: Opening) -> Source:
    path = Path(text)
    if not text.strip():
        raise UsageError("found an empty name, needed a path, a data set or module:function")
    if text.partition(":")[0] in NAMES:
        if path.exists():
            warnings.warn(
                f"{text}: taken as the data set; for what is here of that name say ./{text}", GanevalWarning, 2
            )
        if is_mixture(text):
            return open_mixture(text)
        return open_dataset(text, data_root=opening.data_root, offline=opening.offline)
    if path.is_dir():
        return _run(path, opening) if is_run(path) else folder_images(path)
    if path.is_file():
        return _file(path, opening)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{text}: found neither a file nor a folder there, needed one of them")
    if ":" in text and "/" not in text:
        return _stream(import_function(text), text, opening)
    raise _nothing_there(text)


def _run(path: Path, opening: Opening) -> Source:
    """The images of a run: its own, new samples of its model, or those that its report names, if they still exist."""
    if is_trained(path) and not any((path / name).exists() for name in SAMPLES):
        return _sampled(path, opening)
    source = samples_of(path)
    if os.path.realpath(source) == os.path.realpath(path):
        return folder_images(path)
    try:
        return _named(source, opening)
    except UsageError as reason:
        raise ContentError(f"{path}: a run whose images cannot be opened again ({reason})") from reason


def _sampled(path: Path, opening: Opening) -> Source:
    """Samples of a trained run's best checkpoint: as many as are asked for, else as many as it was scored on."""
    from reference_models import CheckpointError, load_sampler, translates

    if translates(str(config_of(path)["config"].get("model"))):
        raise ContentError(f"{path}: found no samples.npz, needed translations; `ganeval sample {path} -o FILE.npz`")

    scored = path / "report.json"
    count = opening.count or (load_report(scored).samples.count if scored.is_file() else None) or SAMPLED
    try:
        pixels, labels = load_sampler(path, device=opening.device).draw(count, opening.seed)
    except (CheckpointError, ValueError) as error:
        raise ContentError(str(error)) from error
    if pixels.ndim == 2:
        return points_of(pixels, str(path))
    names = config_of(path).get("classes")
    classes = tuple(map(str, names)) if names and labels is not None else None
    return array_images(pixels, str(path), labels=labels, classes=classes)


def _nothing_there(text: str) -> UsageError:
    """The error for a path or name that means nothing, with the nearest one that does."""
    folder = Path(text).parent
    beside = [str(folder / entry.name) for entry in folder.iterdir()] if folder.is_dir() else []
    near = difflib.get_close_matches(str(Path(text)), [*NAMES, *beside], n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return UsageError(f"{text}: no such file, folder or data set: {hint}(data sets: {', '.join(NAMES)})")


def _file(path: Path, opening: Opening) -> Source:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        vet_npz(path)
    if opening.points and suffix in (".npy", ".npz"):
        return read_points(path)
    if suffix in OPENERS:
        return OPENERS[suffix](path)
    if suffix == ".npy":
        return npy_images(path, opening.channels)
    if suffix in COMPRESSED_TARS:
        return tar_images(path)
    if suffix in SUFFIXES:
        if suffix == ".pt":
            return pt_images(path, opening.channels) or read_statistics(path)
        return read_statistics(path) if _wants_statistics(path, opening.images) else npz_images(path, opening.channels)
    found = f"found a '{suffix}' file" if suffix else "found a file without a suffix"
    raise ContentError(f"{path}: {found}, needed a folder, .zip, .tar, .npz or .npy of images, or a statistics file")


def _wants_statistics(path: Path, images: bool) -> bool:
    """Whether an npz is to be read as statistics; else it holds images, or nothing of use, as their reader reports."""
    names = names_in(path)
    if not ({"mu", "sigma"} <= names or "features" in names):
        return False
    held = names & {"arr_0", "images"}
    if held and not images:
        warnings.warn(f"{path}: its statistics are used; the images it holds too are not", GanevalWarning, 2)
    return not (held and images)
