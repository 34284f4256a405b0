"""Warnings that a report carries: about its images, and about what its scores do not show."""

from collections.abc import Iterator, Mapping, Sequence

from ganeval.features.framing import framing_in
from ganeval.media.census import Facts
from ganeval.reports.report import ImageSet, Protocol, Score

BIAS_COUNT = 10_000  # below this FID's bias is large against the differences that papers report
POINT_WIDTH = 2  # features of points in the plane, which are too few for a bias worth a word
LOSSY_FORMATS = ("jpeg", "webp")
LARGE_SHARE = 0.1  # of the images of a set: what fewer of them are is no difference between two sets
UNEQUAL_CONVERSIONS = {
    "grey": "grey images against colour; if that is not meant, store both sets alike",
    "alpha": "transparent images are laid over white; their background may be all that differs",
}


def image_warnings(name: str, facts: Facts, ignored: Mapping[str, int]) -> Iterator[str]:
    """Properties of a set of images that may distort its scores."""
    if facts.sizes > 1:
        yield f"{name}: {facts.sizes} different sizes; each image is resized on its own"
    lossy = sum(facts.formats.get(kind, 0) for kind in LOSSY_FORMATS)
    if 0 < lossy < sum(facts.formats.values()):
        formats = ", ".join(f"{count:,} {kind}" for kind, count in facts.formats.items())
        yield f"{name}: mixed formats ({formats}): lossy compression alone changes FID"
    if facts.duplicates:
        yield f"{name}: {facts.duplicates:,} of {facts.count or 0:,} images are exact duplicates of another"
    if facts.skipped:
        first = f"{facts.skipped[0][0]} ({facts.skipped[0][1]})"
        files = "1 file" if len(facts.skipped) == 1 else f"{len(facts.skipped):,} files"
        yield f"{name}: {files} left out that cannot be read, the first {first}"
    if ignored:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(ignored.items()))
        yield f"{name}: files that are not images were ignored: {kinds}"


def difference_warnings(samples: ImageSet, reference: ImageSet, protocol: Protocol) -> Iterator[str]:
    """Differences between two sets that are not of their content, and may be all that a score shows.

    Nothing is known of a statistics file's images.
    """
    if not (samples.count and reference.count and samples.formats and reference.formats):
        return
    sets = (samples, reference)
    for kind in LOSSY_FORMATS:
        shares = [images.formats.get(kind, 0) / (images.count or 1) for images in sets]
        if abs(shares[0] - shares[1]) >= LARGE_SHARE:
            yield f"{_side_by_side(sets, shares, kind)}: lossy compression alone changes FID; store both sets alike"
    for kind, effect in UNEQUAL_CONVERSIONS.items():
        shares = [images.converted.get(kind, 0) / (images.count or 1) for images in sets]
        if abs(shares[0] - shares[1]) >= LARGE_SHARE:
            yield f"{_side_by_side(sets, shares, kind)}: {effect}"
    if samples.shape is None or reference.shape is None or samples.shape == reference.shape:
        return
    if framing_in(protocol.resize):  # whoever asked for it knows of their sizes
        return
    (height, width), (real_height, real_width) = samples.shape[1:], reference.shape[1:]
    sizes = f"{samples.name} has images of {width}x{height} pixels, {reference.name} of {real_width}x{real_height}"
    if height * real_width != width * real_height:
        yield f"{sizes}: one is squeezed against the other; --crop N cuts both to squares, --resize N does not"
    else:
        yield f"{sizes}: their sharpness differs and changes FID; --resize N makes both NxN first"


def _side_by_side(sets: tuple[ImageSet, ImageSet], shares: Sequence[float], kind: str) -> str:
    """`a: 100 % jpeg, b: 0 %`."""
    return f"{sets[0].name}: {shares[0]:.0%} {kind}, {sets[1].name}: {shares[1]:.0%}".replace("%", " %")


def score_warnings(
    samples: ImageSet, reference: ImageSet, protocol: Protocol, width: int, scores: Mapping[str, Score]
) -> Iterator[str]:
    """Limits of the scores of these sets; `width` is the number of features."""
    if "fid" in scores and protocol.precision_effect is None and protocol.precision != "float32":
        yield f"fid: what {protocol.precision} has done to it is unknown: the reference has no images here"
    counts = [count for count in (samples.count, reference.count) if count is not None]
    if "fid" in scores and counts:
        yield from bias_warning(min(counts), width)
    if samples.fingerprint is not None and samples.fingerprint == reference.fingerprint:
        yield f"{samples.name} and {reference.name} are the same images: these scores mean nothing"
    yield from difference_warnings(samples, reference, protocol)
    if protocol.weights == "custom" and protocol.extractor in ("inception", "vgg16"):
        yield f"{protocol.extractor}: custom weights; the scores are not comparable with published ones"


def bias_warning(least: int, width: int) -> Iterator[str]:
    """A line where FID of `least` points of `width` features in the smaller set is biased upwards."""
    few = BIAS_COUNT if width > POINT_WIDTH else 0
    if least < max(few, width):
        why = f"under {BIAS_COUNT:,}" if least < few else f"under the {width:,} features"
        yield f"fid: biased upwards at N = {least:,} ({why}); compare only scores of equal counts"


def too_few(count: int, least: Mapping[str, int]) -> list[str]:
    """The metric families that `count` images are too few for.

    >>> too_few(4, {"fid": 2, "pr": 7})
    ['pr']
    """
    return [family for family, needed in least.items() if count < needed]
