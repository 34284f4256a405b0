"""`SampleSet`: the one face of folders, archives, arrays and streams; and the one way to decode them."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ganeval.errors import BadImage
from ganeval.media.images.decoding import DecodedImage, Decoder
from ganeval.media.prefetch import ahead
from ganeval.runtime.launch import cores_of_rank

Labels = npt.NDArray[np.int64]
Items = Iterable[tuple[int, DecodedImage | BadImage]]  # by index; one that cannot be read is its own error
Result = TypeVar("Result")


class SampleSet(ABC):
    """A set of samples: their names, labels and classes, each decoded when asked for, by any number of threads.

    `random_access`: any sample at any time; without it (a stream) all pass once, in order, by `map_batches`.
    `published_hash`: the hash of the whole where published checksums give it, so that no sample need be read for it.
    `ignored` counts the files that were passed over, by extension (".txt") or kind ("hidden", "link", "device").
    """

    random_access = True
    published_hash: str | None = None

    def __init__(self, name: str, labels: Labels | None = None, classes: tuple[str, ...] | None = None) -> None:
        self.name, self.labels, self.classes = name, labels, classes
        self.ignored: dict[str, int] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    def count(self) -> int | None:
        """How many samples; None where only the end of a stream will tell."""
        return len(self)

    def name_of(self, index: int) -> str:
        """A sample's name in messages: `array[12]`; of a file its path, `out.zip!a/1.png`."""
        return f"{self.name}[{index}]"

    @abstractmethod
    def item(self, index: int) -> DecodedImage:
        """The sample, decoded; raises BadImage where it cannot be."""

    @abstractmethod
    def digest(self, index: int) -> bytes:
        """The sha256 of one sample as it is stored, not decoded: that of `item(index).digest`."""

    def size_of(self, index: int) -> int:
        """Bytes of one sample as it is stored, found without reading it; 0 where that cannot be."""
        return 0

    def bytes_hash(self) -> str:
        """The sha256 (hex) of the digests of all samples in order: what the feature store goes by."""
        return self.published_hash or hashlib.sha256(b"".join(map(self.digest, range(len(self))))).hexdigest()

    def published_hash_of(self, indices: Sequence[int]) -> str | None:
        """What stands for the samples of these indices where published checksums stand for the whole."""
        if self.published_hash is None:
            return None
        return hashlib.sha256(self.published_hash.encode() + np.array(indices, "<i8").tobytes()).hexdigest()

    def subset(self, indices: Sequence[int]) -> "SampleSet":
        """The samples of these indices, in this order; their labels follow."""
        return _Subset(self, [range(len(self))[int(index)] for index in indices])

    def decoded_by(self, jpeg: Decoder) -> "SampleSet":
        """The same samples, JPEGs among them decoded by `jpeg`; a set that holds no files is unchanged."""
        return self

    def items(self, indices: Iterable[int]) -> Items:
        """Samples by index, decoded one at a time as they are taken; one that cannot be read is its own error."""
        for index in indices:
            try:
                yield index, self.item(index)
            except BadImage as bad:
                yield index, bad

    def map_batches(
        self, work: Callable[[Items], Result], size: int, *, part: range | None = None, polite: bool = False
    ) -> Iterator[Result]:
        """The results of `work` on batches of at most `size` items, in order: all of them, or those of `part`.

        Where access is random, threads decode and work a few batches ahead; `polite` ones step back for other
        work on the same cores.
        """
        part = range(len(self)) if part is None else part
        batches = (part[start : start + size] for start in range(0, len(part), size))
        threads = min(8, cores_of_rank())
        yield from ahead(lambda indices: work(self.items(indices)), batches, threads, polite=polite)

    def batches(self, size: int) -> Iterator[list[DecodedImage]]:
        """All samples in order, at most `size` at a time; raises the first BadImage."""
        return self.map_batches(lambda items: [image for _, image in readable(items)], size)


def readable(items: Items) -> Iterator[tuple[int, DecodedImage]]:
    """The same items; raises the first BadImage among them."""
    for index, image in items:
        if isinstance(image, BadImage):
            raise image
        yield index, image


class _Subset(SampleSet):
    def __init__(self, whole: SampleSet, indices: list[int]) -> None:
        super().__init__(whole.name, None if whole.labels is None else whole.labels[indices], whole.classes)
        self.whole, self.indices, self.ignored = whole, indices, whole.ignored
        self.published_hash = whole.published_hash_of(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def name_of(self, index: int) -> str:
        return self.whole.name_of(self.indices[index])

    def item(self, index: int) -> DecodedImage:
        return self.whole.item(self.indices[index])

    def digest(self, index: int) -> bytes:
        return self.whole.digest(self.indices[index])

    def size_of(self, index: int) -> int:
        return self.whole.size_of(self.indices[index])

    def published_hash_of(self, indices: Sequence[int]) -> str | None:
        return self.whole.published_hash_of([self.indices[index] for index in indices])

    def decoded_by(self, jpeg: Decoder) -> SampleSet:
        return _Subset(self.whole.decoded_by(jpeg), self.indices)
