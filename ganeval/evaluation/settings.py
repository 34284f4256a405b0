"""What can be asked of a scoring run, and how images then become features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganeval.errors import UsageError, unknown
from ganeval.evaluation.protocols import PROTOCOLS
from ganeval.extractors import EXTRACTORS, default_extractor, open_extractor
from ganeval.features.extraction import Extraction
from ganeval.media.images.nvjpeg import decoder_on
from ganeval.metrics.ranks import ALONE, Ranks
from ganeval.progress import Tick
from ganeval.runtime.devices import pick_device
from ganeval.sources.opening import Opening

ON_BAD_IMAGE = ("fail", "skip")
DECODERS = ("pillow", "nvjpeg")


@dataclass(frozen=True)
class Settings:
    """Everything that can be asked of a scoring run; the flags of `ganeval score` by the same names."""

    metrics: Sequence[str] | str | None = None
    extractor: Any = "auto"
    protocol: str = "tf1"
    weights: Path | None = None
    n: int | None = None
    ref_n: int | None = None
    seed: int = 2020
    device: str = "auto"
    precision: str = "float32"
    decoder: str = "pillow"
    batch_size: int | None = None
    data_root: Path | None = None
    on_bad_image: str = "fail"
    cache: bool = True
    offline: bool = False
    latent: int | tuple[int, ...] | None = None
    ranks: Ranks = ALONE

    def opening(self, count: int | None, *, images: bool = False, points: bool = False) -> Opening:
        """What opening a source needs of these settings."""
        device = str(pick_device(self.device))
        return Opening(self.data_root, self.offline, count, self.seed, self.latent, images, points, device)


def extraction(reference: str, settings: Settings, tick: Tick, made_with: str | None = None) -> Extraction:
    """How images become features under these settings; "auto" depends on the reference alone, not on the network.

    Unless the reference is a statistics file that was `made_with` one of our extractors. UsageError for a bad setting.
    """
    _check(settings)
    convention = _choice("protocol", settings.protocol, PROTOCOLS)
    extractor = open_extractor(
        _auto(reference, made_with) if settings.extractor == "auto" else settings.extractor,
        device=pick_device(settings.device),
        weights=settings.weights,
        precision=settings.precision,
        offline=settings.offline,
        shift_scale=convention.shift_scale,
        progress=tick,
    )
    return Extraction(
        extractor,
        convention.resize,
        on_bad_image=settings.on_bad_image,
        batch_size=settings.batch_size,
        ranks=settings.ranks,
        decoder=settings.decoder,
    )


def _auto(reference: str, made_with: str | None) -> str:
    """What "auto" stands for; a file is believed only where it names one of ours: it must not choose code to run."""
    return made_with if made_with is not None and made_with in EXTRACTORS else default_extractor(reference)


def _check(settings: Settings) -> None:
    for flag, value, least in (
        ("--batch-size", settings.batch_size, 1),
        ("-n", settings.n, 1),
        ("--ref-n", settings.ref_n, 1),
    ):
        if value is not None and value < least:
            raise UsageError(f"{flag}: found {value}, needed at least {least}")
    if not 0 <= settings.seed < 2**32:
        raise UsageError(f"--seed: found {settings.seed}, needed 0 to {2**32 - 1}")
    if settings.decoder not in DECODERS:
        raise unknown("decoder", settings.decoder, DECODERS)
    if settings.decoder == "nvjpeg":
        decoder_on(pick_device(settings.device))  # says at once where it cannot be
    if settings.on_bad_image not in ON_BAD_IMAGE:
        raise unknown("--on-bad-image", settings.on_bad_image, ON_BAD_IMAGE)


def _choice(kind: str, name: str, table: dict[str, Any]) -> Any:
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]
