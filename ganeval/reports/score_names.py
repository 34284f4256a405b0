"""What every table calls a score, and how it prints one. Needs no torch."""

import math

from ganeval.reports.report import Protocol, Score
from ganeval.reports.scores import TITLES

DIGITS = 7  # after the point at most: an error below that is rounding
NOTHING = "–"


def title(name: str, protocol: Protocol) -> str:
    """The heading of a score under a protocol.

    >>> protocol = Protocol("tf1", "digits", "features", "published", None, "tf1-bilinear")
    >>> title("fid", protocol), title("inception_score", protocol), title("of_a_later_version", protocol)
    ('FID (digits classifier)', 'IS', 'of_a_later_version')
    """
    return fid_heading(protocol) if name == "fid" else TITLES.get(name, name)


def fid_heading(protocol: Protocol) -> str:
    """The heading of the Fréchet distance under a protocol: with Inception's features alone it is FID, bare.

    The layer of every small classifier begins with "features", and the user's own code has a colon in its name.

    >>> fid_heading(Protocol("tf1", "dinov2-vit-b-14", "dinov2", "published", None, "clean"))
    'FD-DINOv2'
    """
    extractor = protocol.extractor
    if extractor == "inception":
        return "FID"
    if extractor.startswith("dinov2"):
        return "FD-DINOv2"
    is_classifier = protocol.layer.startswith("features") and ":" not in extractor
    return f"FID ({extractor}{' classifier' if is_classifier else ''})"


def measured(score: Score) -> tuple[str, str]:
    """A value and its error as they are printed: the error to two digits, the value to the same place.

    >>> measured(Score(28.9341, "lower", error=0.2042)), measured(Score(10, "higher", total=10))
    (('28.93', '0.20'), ('10 of 10', ''))
    """
    if score.total is not None and isinstance(score.value, int):
        return f"{score.value} of {score.total}", ""
    if score.error is None:
        return f"{score.value:.4g}", ""
    if score.error < 10**-DIGITS:
        return f"{score.value:.4g}", "0"
    places = min(DIGITS, max(0, 1 - math.floor(math.log10(score.error))))
    return f"{score.value:.{places}f}", f"{score.error:.{places}f}"


def cell(score: Score | None, *, bare: bool = False) -> str:
    """A value and its error as one text, the value alone where `bare`; a dash where there is none.

    >>> cell(Score(28.9341, "lower", error=0.2042)), cell(None)
    ('28.93 ±0.20', '–')
    """
    if score is None or not math.isfinite(score.value):
        return NOTHING
    value, error = measured(score)
    return value if bare or not error else f"{value} ±{error}"
