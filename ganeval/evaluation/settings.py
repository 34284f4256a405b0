"""`Settings`: the one list of what can be asked of a scoring run. Flags, their help and the Python interface are its.

Imports no torch: `ganeval score --help` is made from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown
from ganeval.evaluation.protocols import PROTOCOLS
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL
from ganeval.reports.scores import METRICS


@dataclass(frozen=True)
class Option:
    """A setting as a flag: its name (None: for Python alone), its help, its type, and which values are refused."""

    flag: str | None
    help: str
    metavar: str | None = None
    kind: type = str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that can be asked of a scoring run. UsageError for a value that cannot be meant.

    >>> Settings(metrics="fid,kid", seed=1).batch_size is None
    True
    """

    metrics: Sequence[str] | str | None = field(
        default=None,
        metadata={
            "flag": "--metrics",
            "help": f"Metric families, separated by commas: {', '.join(METRICS)}. Default: all that apply.",
            "metavar": "LIST",
        },
    )
    extractor: str | Path | Callable[..., Any] = field(
        default="auto",
        metadata={
            "flag": "--extractor",
            "help": "Network that gives the features: a name of `ganeval list extractors`, a classifier file, your own "
            "module:function, or auto, which follows the reference.",
            "metavar": "NAME|FILE|module:function",
        },
    )
    protocol: str = field(
        default="tf1",
        metadata={
            "flag": "--protocol",
            "help": "Published way of resizing and scaling the images.",
            "choices": tuple(PROTOCOLS),
        },
    )
    weights: str | Path | None = field(
        default=None,
        metadata={
            "flag": "--weights",
            "help": "State dict for the extractor (.safetensors or .pth). Default: the published weights.",
            "metavar": "FILE",
            "kind": Path,
        },
    )
    n: int | None = field(
        default=None,
        metadata={
            "flag": "-n",
            "help": "Number of samples, drawn at random; of a generator, the number to generate. Default: all.",
            "metavar": "N",
            "kind": int,
            "least": 1,
        },
    )
    ref_n: int | None = field(
        default=None,
        metadata={
            "flag": "--ref-n",
            "help": "Number of reference images, drawn at random. Default: all.",
            "metavar": "N",
            "kind": int,
            "least": 1,
        },
    )
    seed: int = field(
        default=2020,
        metadata={
            "flag": "--seed",
            "help": "Seed of every random draw.",
            "metavar": "S",
            "kind": int,
            "least": 0,
            "most": 2**32 - 1,
        },
    )
    k_precision_recall: int = field(
        default=K_PRECISION_RECALL,
        metadata={
            "flag": "--k-precision-recall",
            "help": "Nearest neighbours in a ball of precision and recall; part of the protocol.",
            "metavar": "K",
            "kind": int,
            "least": 1,
        },
    )
    k_density_coverage: int = field(
        default=K_DENSITY_COVERAGE,
        metadata={
            "flag": "--k-density-coverage",
            "help": "Nearest neighbours in a ball of density and coverage; part of the protocol.",
            "metavar": "K",
            "kind": int,
            "least": 1,
        },
    )
    device: str = field(
        default="auto",
        metadata={"flag": "--device", "help": "Device of the network.", "metavar": "auto|cpu|cuda|mps"},
    )
    precision: str = field(
        default="float32",
        metadata={
            "flag": "--precision",
            "help": "Floating-point format of the network; part of the protocol.",
            "metavar": "float32|tf32|bf16",
        },
    )
    decoder: str = field(
        default="pillow",
        metadata={
            "flag": "--decoder",
            "help": "JPEG decoder; nvjpeg runs on the GPU and differs by grey levels. Part of the protocol.",
            "choices": ("pillow", "nvjpeg"),
        },
    )
    batch_size: int | None = field(
        default=None,
        metadata={
            "flag": "--batch-size",
            "help": "Images in a batch; changes features by rounding only. Default: as network and memory allow.",
            "metavar": "N",
            "kind": int,
            "least": 1,
        },
    )
    data_root: str | Path | None = field(
        default=None,
        metadata={
            "flag": "--data-root",
            "help": "Folder of the data sets. Default: GANEVAL_DATA.",
            "metavar": "DIR",
            "kind": Path,
        },
    )
    on_bad_image: str = field(
        default="fail",
        metadata={
            "flag": "--on-bad-image",
            "help": "Response to an image that cannot be read: stop, or leave it out with a warning.",
            "choices": ("fail", "skip"),
        },
    )
    cache: bool = field(
        default=True,
        metadata={"flag": "--no-cache", "help": "No features read from the cache or stored there.", "kind": bool},
    )
    offline: bool = field(
        default=False,
        metadata={"flag": "--offline", "help": "No downloads, as with GANEVAL_OFFLINE=1.", "kind": bool},
    )
    latent: int | tuple[int, ...] | None = field(
        default=None,
        metadata={"flag": None, "help": "Size of the latents of a generator that is a `torch.nn.Module`."},
    )

    def __post_init__(self) -> None:
        for name, described in OPTIONS.items():
            value, flag = getattr(self, name), described.flag or name
            if described.choices and value not in described.choices:
                raise unknown(flag.lstrip("-"), value, described.choices)
            if value is None or described.least is None:
                continue
            if not hasattr(value, "__index__"):
                raise UsageError(f"{flag}: found {value!r}, needed a whole number")
            if value < described.least or value > (described.most or value):
                needed = f"at least {described.least}" if described.most is None else f"0 to {described.most}"
                raise UsageError(f"{flag}: found {value}, needed {needed}")

    def override(self, values: Mapping[str, Any]) -> "Settings":
        """The same settings, but for the values that are not None.

        >>> Settings(seed=1).override({"seed": None, "n": 50}).seed
        1
        """
        return replace(self, **{name: value for name, value in values.items() if value is not None})


OPTIONS: dict[str, Option] = {item.name: Option(**item.metadata) for item in fields(Settings)}
DEFAULTS = Settings()
