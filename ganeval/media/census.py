"""What is in a set of pictures: counted while it is decoded, in threads that step back for the network."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganeval.errors import BadImage
from ganeval.media.images.decoding import DecodedImage


@dataclass(frozen=True)
class Facts:
    """What was seen in a set of pictures while it was decoded (the counts of the report's `ImageSet`)."""

    count: int
    fingerprint: str
    shape: tuple[int, int, int] | None
    formats: dict[str, int]
    converted: dict[str, int]
    skipped: tuple[tuple[str, str], ...]
    duplicates: int | None
    sizes: int


@dataclass(frozen=True)
class Glimpse:
    """What is remembered of a picture once its pixels are gone."""

    index: int
    digest: bytes
    shape: tuple[int, ...]
    format: str
    converted: tuple[str, ...]


class Census:
    """Counts what goes by: formats, conversions, sizes, exact duplicates, and the fingerprint of the pixels in order.

    The fingerprint is the sha256 of the sha256 digests of each picture's shape and pixels, so that threads can hash.
    Without `keeping` it holds nothing of single pictures: neither which they were nor how many were there before.
    """

    def __init__(self, keeping: bool = True) -> None:
        self.keeping, self.count = keeping, 0
        self.kept: list[int] = []
        self.skipped: list[tuple[str, str]] = []
        self._digests, self._fingerprint = bytearray(), hashlib.sha256()
        self._shapes, self._formats, self._converted = Counter[tuple[int, ...]](), Counter[str](), Counter[str]()

    def add(self, seen: Sequence[Glimpse], bad: Sequence[BadImage]) -> None:
        """Count these pictures."""
        self.skipped += [(image.name, image.reason) for image in bad]
        self.count += len(seen)
        for glimpse in seen:
            if self.keeping:
                self.kept.append(glimpse.index)
                self._digests += glimpse.digest
            self._fingerprint.update(glimpse.digest)
            self._shapes[glimpse.shape] += 1
            self._formats[glimpse.format] += 1
            self._converted.update(glimpse.converted)

    def extend(self, other: "Census") -> None:
        """Count what another has counted, after this one's. The fingerprint is known only if both are `keeping`."""
        self.count += other.count
        self.kept += other.kept
        self.skipped += other.skipped
        self._digests += other._digests
        self._fingerprint.update(other._digests)
        self._shapes += other._shapes
        self._formats += other._formats
        self._converted += other._converted

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_fingerprint"}  # no hash can be pickled

    def facts(self) -> Facts:
        """What was counted."""
        shape = next(iter(self._shapes)) if len(self._shapes) == 1 else None
        return Facts(
            count=self.count,
            fingerprint=f"sha256:{self._fingerprint.hexdigest()}",
            shape=None if shape is None else (shape[0], shape[1], shape[2]),
            formats=dict(sorted(self._formats.items())),
            converted=dict(sorted(self._converted.items())),
            skipped=tuple(self.skipped),
            duplicates=self.count - self._different() if self.keeping else None,
            sizes=len(self._shapes),
        )

    def _different(self) -> int:
        size = hashlib.sha256().digest_size
        return len({bytes(self._digests[start : start + size]) for start in range(0, len(self._digests), size)})


def look(index: int, picture: DecodedImage) -> Glimpse:
    """What to remember of a picture; two pictures have one digest only if their pixels are the same."""
    digest = hashlib.sha256(repr(picture.pixels.shape).encode())
    digest.update(picture.pixels.data)
    return Glimpse(index, digest.digest(), picture.pixels.shape, picture.format, picture.converted)
