"""`Settings`: the one list of what can be asked of a scoring run. Flags, their help and the Python interface are its.

Imports no torch: `ganeval score --help` is made from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from ganeval.errors import UsageError, unknown
from ganeval.evaluation.protocols import PROTOCOLS
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL
from ganeval.reports.scores import METRICS

LARGEST_SIDE = 8192  # pixels: beyond, one image of floats takes a gigabyte


@dataclass(frozen=True)
class Option:
    """A setting as a flag: its name (None: for Python alone), its help, its type, and which values are refused.

    `listed`: names separated by commas, of which a flag that is repeated adds more.
    """

    flag: str | None
    help: str
    metavar: str | None = None
    kind: type = str
    choices: tuple[str, ...] = ()
    listed: bool = False
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that can be asked of a scoring run. UsageError for a value that cannot be meant.

    >>> Settings(metrics="fid,kid", seed=1).batch_size is None
    True
    """

    metrics: Annotated[
        Sequence[str] | str | None,
        Option(
            "--metrics",
            f"Metric families, separated by commas: {', '.join(METRICS)}. Default: all that apply.",
            "LIST",
            listed=True,
        ),
    ] = None
    extractor: Annotated[
        str | Path | Callable[..., Any],
        Option(
            "--extractor",
            "Network that gives the features: a name of `ganeval list extractors`, a classifier file, your own "
            "module:function, or auto, which follows the reference.",
            "NAME|FILE|module:function",
        ),
    ] = "auto"
    protocol: Annotated[
        str, Option("--protocol", "Published way of resizing and scaling the images.", choices=tuple(PROTOCOLS))
    ] = "tf1"
    weights: Annotated[
        str | Path | None,
        Option(
            "--weights",
            "State dict for the extractor (.safetensors or .pth). Default: the published weights.",
            "FILE",
            Path,
        ),
    ] = None
    n: Annotated[
        int | None,
        Option(
            "-n",
            "Number of samples, drawn at random; of a generator, the number to generate. Default: all.",
            "N",
            int,
            least=1,
        ),
    ] = None
    ref_n: Annotated[
        int | None, Option("--ref-n", "Number of reference images, drawn at random. Default: all.", "N", int, least=1)
    ] = None
    seed: Annotated[int, Option("--seed", "Seed of every random draw.", "S", int, least=0, most=2**32 - 1)] = 2020
    k_precision_recall: Annotated[
        int,
        Option(
            "--k-precision-recall",
            "Nearest neighbours in a ball of precision and recall; part of the protocol.",
            "K",
            int,
            least=1,
        ),
    ] = K_PRECISION_RECALL
    k_density_coverage: Annotated[
        int,
        Option(
            "--k-density-coverage",
            "Nearest neighbours in a ball of density and coverage; part of the protocol.",
            "K",
            int,
            least=1,
        ),
    ] = K_DENSITY_COVERAGE
    device: Annotated[str, Option("--device", "Device of the network.", "auto|cpu|cuda|mps")] = "auto"
    precision: Annotated[
        str, Option("--precision", "Floating-point format of the network; part of the protocol.", "float32|tf32|bf16")
    ] = "float32"
    decoder: Annotated[
        str,
        Option(
            "--decoder",
            "JPEG decoder; nvjpeg runs on the GPU and differs by grey levels. Part of the protocol.",
            choices=("pillow", "nvjpeg"),
        ),
    ] = "pillow"
    channels: Annotated[
        str | None,
        Option(
            "--channels",
            "Meaning of the four channels of arrays: rgba (alpha, laid over white) or rgb (the fourth is left out).",
            choices=("rgba", "rgb"),
        ),
    ] = None
    crop: Annotated[
        int | None,
        Option(
            "--crop",
            "Pixels a side: all images of both sets are cropped to the largest centred square, then resized to NxN "
            "(Lanczos, antialiased). Part of the protocol.",
            "N",
            int,
            least=1,
            most=LARGEST_SIDE,
        ),
    ] = None
    resize: Annotated[
        int | None,
        Option(
            "--resize",
            "As --crop, without the crop: all images are squeezed to NxN.",
            "N",
            int,
            least=1,
            most=LARGEST_SIDE,
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        Option(
            "--batch-size",
            "Images in a batch; changes features by rounding only. Default: as network and memory allow.",
            "N",
            int,
            least=1,
        ),
    ] = None
    data_root: Annotated[
        str | Path | None, Option("--data-root", "Folder of the data sets. Default: GANEVAL_DATA.", "DIR", Path)
    ] = None
    on_bad_image: Annotated[
        str,
        Option(
            "--on-bad-image",
            "Response to an image that cannot be read: stop, or leave it out with a warning.",
            choices=("fail", "skip"),
        ),
    ] = "fail"
    cache: Annotated[bool, Option("--no-cache", "No features read from the cache or stored there.", kind=bool)] = True
    offline: Annotated[bool, Option("--offline", "No downloads, as with GANEVAL_OFFLINE=1.", kind=bool)] = False
    latent: Annotated[
        int | tuple[int, ...] | None, Option(None, "Size of the latents of a generator that is a `torch.nn.Module`.")
    ] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", str(self.device))  # a torch.device, too
        for name, described in OPTIONS.items():
            value, flag = getattr(self, name), described.flag or name
            if described.choices and value is not None and value not in described.choices:
                raise unknown(flag.lstrip("-"), value, described.choices)
            if value is None or described.least is None:
                continue
            if not hasattr(value, "__index__"):
                raise UsageError(f"{flag}: found {value!r}, needed a whole number")
            if value < described.least or value > (described.most or value):
                needed = (
                    f"at least {described.least}"
                    if described.most is None
                    else f"{described.least} to {described.most}"
                )
                raise UsageError(f"{flag}: found {value}, needed {needed}")

        if self.crop is not None and self.resize is not None:
            raise UsageError(f"found --crop {self.crop} and --resize {self.resize}, needed one of them")

    def override(self, values: Mapping[str, Any]) -> "Settings":
        """The same settings, but for the values that are not None.

        >>> Settings(seed=1).override({"seed": None, "n": 50}).seed
        1
        """
        return replace(self, **{name: value for name, value in values.items() if value is not None})


OPTIONS: dict[str, Option] = {
    name: annotated.__metadata__[0] for name, annotated in get_type_hints(Settings, include_extras=True).items()
}
DEFAULTS = Settings()
