"""What a report has beside its scores: the images of a set, the protocol, and the machine that computed them."""

import platform
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from ganeval.evaluation.settings import Settings
from ganeval.features.extraction import Extraction
from ganeval.media.census import Facts
from ganeval.reports.report import ImageSet, Protocol
from ganeval.sources.opening import full_name


def describe_images(facts: Facts, name: str, source: Any) -> ImageSet:
    """A set of images in a report, by the facts that its extraction counted."""
    values = asdict(facts)
    values.pop("sizes")
    values["skipped"] = tuple(f"{image}: {reason}" for image, reason in facts.skipped)
    return ImageSet(name=name, source=full_name(source), **values)


def protocol_of(settings: Settings, extraction: Extraction, precision_effect: float | None) -> Protocol:
    """How the scores were computed; `precision_effect`: how much higher FID is than in float32, where known."""
    extractor = extraction.extractor
    return Protocol(
        name=settings.protocol,
        extractor=extractor.name,
        layer=extractor.layer,
        weights=extractor.weights,
        weights_sha256=extractor.weights_sha256 or None,
        resize=extraction.resizes,
        seed=settings.seed,
        k_precision_recall=settings.k_precision_recall,
        k_density_coverage=settings.k_density_coverage,
        precision=extractor.precision,
        decoder=extraction.decoder,
        precision_effect=precision_effect,
    )


def environment(device: torch.device, seconds: dict[str, float]) -> dict[str, Any]:
    """Versions, platform and device, and the seconds of each stage."""
    gpu = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    rounded = {stage: round(value, 3) for stage, value in seconds.items()}
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    return {**versions, "platform": platform.platform(), "device": gpu, "seconds": rounded}
