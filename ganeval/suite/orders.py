"""What is asked of a run, and where it is kept: everything that a process of its own needs to carry it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError
from ganeval.suite.material import name_of


@dataclass(frozen=True)
class Order:
    """One run: a model on some data, its settings, and how it is scored. `folder` is where it is kept."""

    model: str
    source: str
    folder: Path
    other: str | None = None
    preset: str | None = None
    steps: int | None = None
    seed: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    extractor: str = "auto"
    count: int | None = None
    device: str = "auto"
    data_root: Path | None = None
    offline: bool = False
    threads: int | None = None
    tensorboard: bool = False

    @property
    def name(self) -> str:
        """What tables and progress bars call the run."""
        return self.folder.name


def run_folder(out: Path, source: str, model: str, seed: int) -> Path:
    """Where a run is kept: `<data>-<model>-s<seed>` below `out`.

    >>> run_folder(Path("results"), "digits", "wgan-gp", 0).name
    'digits-wgan-gp-s0'
    """
    return out / f"{name_of(source).replace('/', '_').replace(':', '-')}-{model}-s{seed}"


def parsed(settings: tuple[str, ...]) -> tuple[dict[str, str], int | None]:
    """`--set key=value ...` as a mapping, and the picture size among them, which is the data's and not the model's.

    >>> parsed(("loss=hinge", "size=64"))
    ({'loss': 'hinge'}, 64)
    """
    changes: dict[str, str] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {setting}: needed key=value")
        if key.strip() in changes:
            raise UsageError(f"--set {key.strip()}: given twice")
        changes[key.strip()] = value.strip()
    size = changes.pop("size", None)
    if size is not None and not size.isdigit():
        raise UsageError(f"--set size={size}: needed a whole number of pixels")
    return changes, None if size is None else int(size)


def asked_for(order: Order) -> dict[str, Any]:
    """The order as `config.json` records it."""
    return {
        "data": order.source,
        "data_b": order.other,
        "preset": order.preset,
        "set": dict(order.changes),
        "size": order.size,
        "seed": order.seed,
    }
