"""What every set of pictures can do, whatever holds them: `SampleSet`. The public face is `images`."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ganeval.media.images.decoding import DecodedImage, Decoder

Labels = npt.NDArray[np.int64]


class SampleSet(ABC):
    """A set of pictures; `item` may be called from many threads.

    `ignored` counts the files that were passed over, by extension (".txt") or kind ("hidden", "link", "device").
    """

    files = False  # whether each picture is read anew from a file, which takes long

    def __init__(self, name: str, labels: Labels | None = None, classes: tuple[str, ...] | None = None) -> None:
        self.name, self.labels, self.classes = name, labels, classes
        self.ignored: dict[str, int] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name_of(self, index: int) -> str:
        """What messages call a picture: its path, `out.zip!a/1.png`, `array[12]`."""

    @abstractmethod
    def item(self, index: int) -> DecodedImage:
        """The picture, decoded; raises BadImage where it cannot be."""

    @abstractmethod
    def digest(self, index: int) -> bytes:
        """The sha256 of one picture as it is stored, not decoded."""

    def hash_of(self, indices: Iterable[int]) -> str:
        """The sha256 (hex) of the digests of some pictures, in this order."""
        whole = hashlib.sha256()
        for index in indices:
            whole.update(self.digest(index))
        return whole.hexdigest()

    def bytes_hash(self) -> str:
        """The sha256 (hex) of the digests of all pictures in order: what the feature store goes by."""
        return self.hash_of(range(len(self)))

    def subset(self, indices: Sequence[int]) -> "SampleSet":
        """Some of the pictures, in this order; their labels follow."""
        return _Subset(self, indices)

    def decoded_by(self, jpeg: Decoder) -> "SampleSet":
        """The same pictures, JPEGs among them decoded otherwise; a set that holds no files is as it was."""
        return self

    def batches(self, size: int) -> Iterator[list[DecodedImage]]:
        """All pictures in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield [self.item(index) for index in range(start, min(start + size, len(self)))]


class _Subset(SampleSet):
    def __init__(self, whole: SampleSet, indices: Sequence[int]) -> None:
        self.whole, self.indices = whole, [range(len(whole))[int(index)] for index in indices]
        super().__init__(whole.name, None if whole.labels is None else whole.labels[self.indices], whole.classes)
        self.ignored, self.files = whole.ignored, whole.files

    def __len__(self) -> int:
        return len(self.indices)

    def name_of(self, index: int) -> str:
        return self.whole.name_of(self.indices[index])

    def item(self, index: int) -> DecodedImage:
        return self.whole.item(self.indices[index])

    def digest(self, index: int) -> bytes:
        return self.whole.digest(self.indices[index])

    def decoded_by(self, jpeg: Decoder) -> SampleSet:
        return _Subset(self.whole.decoded_by(jpeg), self.indices)

    def hash_of(self, indices: Iterable[int]) -> str:
        return self.whole.hash_of([self.indices[index] for index in indices])
