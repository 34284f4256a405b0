"""What is in a set of images: counted while it is decoded, so that every report can say it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ganeval.errors import BadImage
from ganeval.media.images.decoding import DecodedImage


@dataclass(frozen=True)
class Facts:
    """What is known about a set of images (the counts of the report's `ImageSet`).

    Of a statistics file `count` and `duplicates` may be None; `sizes` is the number of different ones.
    """

    count: int | None
    fingerprint: str
    shape: tuple[int, int, int] | None = None
    formats: dict[str, int] = field(default_factory=dict)
    converted: dict[str, int] = field(default_factory=dict)
    skipped: tuple[tuple[str, str], ...] = ()
    duplicates: int | None = None
    sizes: int = 0


@dataclass(frozen=True)
class ImageRecord:
    """What is remembered of an image once its pixels are gone: `pixels` and `stored` are their sha256."""

    index: int
    pixels: bytes
    stored: bytes
    shape: tuple[int, ...]
    format: str
    converted: tuple[str, ...]


class Census:
    """Counts formats, conversions, sizes and exact duplicates, and takes the fingerprint of the pixels in order.

    The fingerprint is the sha256 of the sha256 digests of each image's shape and pixels, so that threads can hash;
    `stored_hash` is that of the stored bytes, as `SampleSet.bytes_hash` gives it.
    Without `keeping` it remembers nothing of single images: neither which they were nor how many were there before.
    `shared`: it holds all digests, 64 bytes an image, so that several processes can hash one after the other's.
    """

    def __init__(self, *, keeping: bool = True, shared: bool = False) -> None:
        self.keeping, self.shared, self.count = keeping, shared, 0
        self.indices: list[int] = []
        self.skipped: list[tuple[str, str]] = []
        self.pixels, self.stored = bytearray(), bytearray()
        self.hashes: tuple[str, str] | None = None  # of pixels and stored bytes, where several processes took part
        self._pixels_hash, self._stored_hash = hashlib.sha256(), hashlib.sha256()
        self._shapes, self._formats, self._converted = Counter[tuple[int, ...]](), Counter[str](), Counter[str]()

    def add(self, records: Sequence[ImageRecord], bad: Sequence[BadImage]) -> None:
        """Count these images."""
        self.skipped += [(image.name, image.reason) for image in bad]
        self.count += len(records)
        for record in records:
            if self.keeping:
                self.indices.append(record.index)
            if self.keeping or self.shared:
                self.pixels += record.pixels
            if self.shared:
                self.stored += record.stored
            self._pixels_hash.update(record.pixels)
            self._stored_hash.update(record.stored)
            self._shapes[record.shape] += 1
            self._formats[record.format] += 1
            self._converted.update(record.converted)

    def extend(self, other: "Census") -> None:
        """Count what another process has counted, after this one's; who joins them sets the `hashes`."""
        self.count += other.count
        self.indices += other.indices
        self.skipped += other.skipped
        self.pixels += other.pixels
        self._shapes += other._shapes
        self._formats += other._formats
        self._converted += other._converted

    def __getstate__(self) -> dict[str, Any]:
        # no hash can be pickled, and nobody needs the digests of others but to count duplicates
        left_out = {"_pixels_hash": None, "_stored_hash": None, "stored": bytearray()}
        return vars(self) | left_out | ({} if self.keeping else {"pixels": bytearray()})

    @property
    def stored_hash(self) -> str:
        """The sha256 (hex) of the digests of what was decoded, in order."""
        return self.hashes[1] if self.hashes else self._stored_hash.hexdigest()

    def facts(self) -> Facts:
        """What was counted; the duplicates are known to a census that is `keeping`."""
        shape = next(iter(self._shapes)) if len(self._shapes) == 1 else None
        size = hashlib.sha256().digest_size
        different = {bytes(self.pixels[start : start + size]) for start in range(0, len(self.pixels), size)}
        return Facts(
            count=self.count,
            fingerprint=f"sha256:{self.hashes[0] if self.hashes else self._pixels_hash.hexdigest()}",
            shape=None if shape is None else (shape[0], shape[1], shape[2]),
            formats=dict(sorted(self._formats.items())),
            converted=dict(sorted(self._converted.items())),
            skipped=tuple(self.skipped),
            duplicates=self.count - len(different) if self.keeping else None,
            sizes=len(self._shapes),
        )


def record_of(index: int, image: DecodedImage) -> ImageRecord:
    """What to remember of an image; two images have one fingerprint only if their pixels are the same."""
    pixels = hashlib.sha256(repr(image.pixels.shape).encode())
    pixels.update(image.pixels.data)
    return ImageRecord(index, pixels.digest(), image.digest, image.pixels.shape, image.format, image.converted)
