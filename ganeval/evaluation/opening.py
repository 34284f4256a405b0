"""The first steps of a score, by `Settings`: to open a source, and to choose how its images become features."""

from pathlib import Path
from typing import Any

from ganeval.errors import ContentError
from ganeval.evaluation.protocols import PROTOCOLS
from ganeval.evaluation.settings import Settings
from ganeval.extractors import EXTRACTORS, default_extractor, open_extractor
from ganeval.features.extraction import Extraction
from ganeval.features.framing import Framing
from ganeval.media.images.nvjpeg import decoder_on
from ganeval.progress import Tick
from ganeval.runtime.devices import pick_device
from ganeval.sources.opening import Opening, Source, full_name, open_source
from ganeval.sources.statistics_files import Statistics


def opening(settings: Settings, count: int | None, *, images: bool = False, points: bool = False) -> Opening:
    """What `open_source` needs of the settings; `count`: the number of images that a generator is asked for."""
    device, data_root = str(pick_device(settings.device)), _path(settings.data_root)
    return Opening(
        data_root, settings.offline, count, settings.seed, settings.latent, images, points, device, settings.channels
    )


def open_reference(reference: Any, settings: Settings, tick: Tick) -> tuple[Source, Extraction]:
    """The open reference, and how its images and those of the samples become features."""
    source = open_source(reference, opening(settings, settings.ref_n))
    return source, extraction(reference, settings, tick, source)


def open_samples(samples: Any, settings: Settings, *, points: bool = False) -> Source:
    """The open samples: images, or `points` where the reference is of points. ContentError for mere moments."""
    source = open_source(samples, opening(settings, settings.n, images=True, points=points))
    if isinstance(source, Statistics) and source.features is None:
        raise ContentError(f"{source.name}: a statistics file holds no images; it can be --ref, not --samples")
    return source


def extraction(reference: Any, settings: Settings, tick: Tick, source: Source | None = None) -> Extraction:
    """How images become features: "auto" depends on the reference alone, not on the network.

    `source`: the open reference, as a statistics file may name the extractor of ours that made it. Raises UsageError
    for a name that is none, MissingWeights for weights that cannot be had.
    """
    device, protocol = pick_device(settings.device), PROTOCOLS[settings.protocol]
    if settings.decoder == "nvjpeg":
        decoder_on(device)  # refuses a device without it before any image is read
    extractor = settings.extractor
    if extractor == "auto":
        named = source.provenance.get("extractor") if isinstance(source, Statistics) else None
        # a file is believed only where it names an extractor of ours: it must not choose code to run
        extractor = named if named in EXTRACTORS else default_extractor(full_name(reference))
    return Extraction(
        open_extractor(
            extractor,
            device=device,
            weights=_path(settings.weights),
            precision=settings.precision,
            offline=settings.offline,
            shift_scale=protocol.shift_scale,
            progress=tick,
        ),
        protocol.resize,
        on_bad_image=settings.on_bad_image,
        batch_size=settings.batch_size,
        decoder=settings.decoder,
        framing=_framing(settings),
    )


def _framing(settings: Settings) -> Framing | None:
    size = settings.crop or settings.resize
    return None if size is None else Framing(size, crop=settings.crop is not None)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
