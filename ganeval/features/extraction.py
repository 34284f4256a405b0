"""From images to features: decoding and resizing in threads beside the network, everything counted on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ganeval.errors import BadImage, ContentError
from ganeval.extractors.base import Extractor
from ganeval.features.framing import Framing
from ganeval.features.precision_effect import PrecisionComparison, rows_of
from ganeval.features.resize import RESIZES
from ganeval.features.store import key_of
from ganeval.media.base import Items, SampleSet
from ganeval.media.census import Census, ImageRecord, record_of
from ganeval.media.images.nvjpeg import decoder_on
from ganeval.progress import Tick
from ganeval.runtime.devices import free_memory, metric_device

CPU_BATCH, CUDA_BATCH = 35 * 10**6, 280 * 10**6  # bytes of resized images at a time: 32 and 256 for Inception
IMAGE_MEMORY_FACTOR = 32  # how many times its own bytes an image takes on its way through a network
MEMORY_DIVISOR = 4  # the part of free memory that is used: a fourth
UNRESIZED_BYTES = 2**25  # bytes of images that a thread holds in their own size


@dataclass(frozen=True)
class Extraction:
    """How images become features: the network, the resize before it, and what happens to a bad image."""

    extractor: Extractor
    resize: str
    on_bad_image: str = "fail"
    batch_size: int | None = None
    decoder: str = "pillow"
    framing: Framing | None = None

    @cached_property
    def size(self) -> int:
        """Images at a time: enough to keep the network busy, few enough for the memory that is free."""
        if self.batch_size is not None:
            return self.batch_size
        device, image = self.extractor.device, 12 * self.extractor.size**2
        memory = CUDA_BATCH if device.type == "cuda" else CPU_BATCH
        free = free_memory(device)
        least = memory if free is None else min(memory, free // (MEMORY_DIVISOR * IMAGE_MEMORY_FACTOR))
        return max(1, min(least // image, memory // 2**16))

    @property
    def metric_device(self) -> torch.device:
        """The device of the features once they are extracted."""
        return metric_device(self.extractor.device)

    @property
    def resizes(self) -> str:
        """The name of all resizes together: the network's own, after that of all images where one was asked for."""
        return self.resize if self.framing is None else f"{self.framing.label}, {self.resize}"

    @property
    def provenance(self) -> dict[str, str]:
        """What a statistics file records of its making, and what must agree for it to be a reference."""
        identity = {key: str(value) for key, value in self.extractor.identity.items() if key != "name"}
        parts = {"extractor": self.extractor.name, **identity, "resize": self.resizes}
        return {**parts, "precision": self.extractor.precision, "decoder": self.decoder}

    def decoded(self, samples: SampleSet) -> SampleSet:
        """The samples, decoded by the decoder asked for."""
        return samples if self.decoder == "pillow" else samples.decoded_by(decoder_on(self.extractor.device))

    def shelf(self, samples: SampleSet) -> str | None:
        """Where the store has the features of such sets: what is known without reading a sample.

        None for what cannot be known by its bytes.
        """
        if not (samples.random_access and self.extractor.cacheable):
            return None
        count, stored = len(samples), sum(map(samples.size_of, range(len(samples))))
        return key_of(**self._parts(), count=count, stored=stored).partition("/")[2][:16]

    def key(self, shelf: str, bytes_hash: str, *, sums: bool = False) -> str:
        """The store's key of the features, or of their sums, of samples with this hash."""
        return key_of(shelf, kind="sums" if sums else "features", bytes=bytes_hash, **self._parts())

    def _parts(self) -> dict[str, object]:
        extractor = self.extractor
        network = {"extractor": extractor.identity, "precision": extractor.precision}
        return {**network, "resize": self.resizes, "decoder": self.decoder}


@dataclass(frozen=True)
class Batch:
    """Images ready for the network, what was seen of them, and those that could not be read; `stop`: past the last."""

    pixels: Tensor
    records: list[ImageRecord]
    bad: list[BadImage]
    stop: int


class Collector:
    """Takes batches through the network and keeps every feature; `Evaluator` feeds it from a training loop.

    `count`: of the whole set, where known; `part`: the images that this process has of it, None for those that come;
    `shared`: other processes have other parts, and the census keeps what joins them.
    """

    keeping = True  # every feature, and what is known of every image

    def __init__(
        self, extraction: Extraction, count: int | None = None, part: range | None = None, *, shared: bool = False
    ) -> None:
        self.extraction, self.part, self.stop = extraction, part, 0
        self.census = Census(keeping=self.keeping, shared=shared)
        self.features: list[Tensor] = []
        self.probabilities: list[Tensor] = []
        self.comparison = PrecisionComparison(extraction.extractor, count)

    def add(self, batch: Batch) -> None:
        """Extract the features of a batch."""
        if batch.bad and self.extraction.on_bad_image == "fail":
            raise batch.bad[0]
        if batch.records:
            features, probabilities = self.extraction.extractor.run(batch.pixels, first=self.census.count)
            self.comparison.add(batch.pixels, features, [record.index for record in batch.records])
            self.take(features, probabilities)
        self.census.add(batch.records, batch.bad)
        self.stop = batch.stop

    def take(self, features: Tensor, probabilities: Tensor | None) -> None:
        """Keep what the network gave for a batch."""
        self.features.append(features)
        if probabilities is not None:
            self.probabilities.append(probabilities)

    def rows(self) -> dict[str, Tensor]:
        """What this process has collected so far; that of several goes one below the other."""
        device = self.extraction.extractor.device
        rows = {"features": rows_of(self.features, device), "probabilities": rows_of(self.probabilities, device)}
        return rows | self.comparison.rows()

    def tensors(
        self, name: str, census: Census, rows: Mapping[str, Tensor], total: Callable[[Tensor], Tensor]
    ) -> dict[str, Tensor]:
        """What the store keeps of a set, from the census and the `rows` of all processes; `total` adds theirs up.

        Raises ContentError where no image was left.
        """
        if not census.count:
            raise ContentError(f"{name}: found no image that can be read, needed some")
        not_empty = {part: tensor for part, tensor in rows.items() if len(tensor)}
        return {"indices": torch.tensor(census.indices, dtype=torch.int64, device="cpu"), **not_empty}


def batches_of(samples: SampleSet, extraction: Extraction, part: range | None, tick: Tick) -> Iterator[Batch]:
    """The images of a part, decoded and resized ahead of the network.

    A stream, a user's code, has no parts: where `part` is None all of it is run, else another process does so.
    """
    extraction.extractor.expect(samples.count if part is None else len(part))
    work = preparation(extraction)
    if not samples.random_access or part is None:
        return samples.map_batches(work, extraction.size) if part is None else iter(())
    for stage in ("decode", "extract"):
        tick(stage, 0, len(part))  # a new set: its bars begin again

    def ahead(items: Items) -> Batch:
        batch = work(items)
        tick("decode", batch.stop - part.start, len(part))
        return batch

    return samples.map_batches(ahead, extraction.size, part=part, polite=extraction.extractor.device.type == "cpu")


def preparation(extraction: Extraction, first: int = 0) -> Callable[[Items], Batch]:
    """`prepare`, for any thread: on CUDA it works beside the current stream of this thread, which reads the batch."""
    device = extraction.extractor.device
    if device.type != "cuda":
        return partial(prepare, extraction=extraction, first=first)
    return partial(_prepared_aside, extraction=extraction, first=first, reader=torch.cuda.current_stream(device))


def prepare(items: Items, extraction: Extraction, first: int = 0) -> Batch:
    """Resize the images of a batch for the network, and note what they are; `first` is added to their indices.

    Few are held in their own size at a time, however large they are.
    """
    resized: list[Tensor] = []
    records: list[ImageRecord] = []
    bad: list[BadImage] = []
    waiting: list[npt.NDArray[np.uint8]] = []
    size, device = extraction.extractor.size, extraction.metric_device
    index, held = -1, 0
    for index, image in items:
        if isinstance(image, BadImage):
            bad.append(image)
            continue
        records.append(record_of(first + index, image))
        pixels = image.pixels if extraction.framing is None else extraction.framing.apply(image.pixels)
        waiting.append(pixels)
        held += pixels.nbytes
        if held > UNRESIZED_BYTES:
            resized.append(RESIZES[extraction.resize](waiting, size, device))
            waiting, held = [], 0
    if waiting:
        resized.append(RESIZES[extraction.resize](waiting, size, device))
    pixels_of_all = torch.cat(resized) if resized else torch.empty(0, dtype=torch.float32, device=device)
    return Batch(pixels_of_all, records, bad, first + index + 1)


def _prepared_aside(items: Items, extraction: Extraction, first: int, reader: torch.cuda.Stream) -> Batch:
    """Copied and resized on a stream of its own, beside the network, which reads it on `reader`."""
    stream = torch.cuda.Stream(extraction.extractor.device)
    with torch.cuda.stream(stream):
        batch = prepare(items, extraction, first)
    stream.synchronize()  # this thread waits, the network does not
    if batch.records:
        batch.pixels.record_stream(reader)  # its memory is not given to the next batch while the network reads it
    return batch
