"""What several ranks see of one set: they must see the same, and read no more of it than their part."""

import hashlib

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor
from ganeval.features.store import key_of
from ganeval.media.base import SampleSet
from ganeval.media.streams import Stream
from ganeval.metrics.ranks import Ranks


def hash_of(images: SampleSet, ranks: Ranks) -> str:
    """What `bytes_hash` gives; of files, each rank reads its own part."""
    if ranks.world == 1 or not images.files:
        return ranks.first(images.bytes_hash() if ranks.rank == 0 else "")
    return ranks.digested(b"".join(map(images.digest, ranks.part(len(images)))))


def check_alike(images: SampleSet | Stream, extractor: Extractor, ranks: Ranks) -> None:
    """ContentError where ranks, on machines of their own, would make one set of other pictures or by other networks."""
    if ranks.world == 1:
        return
    everyone = ranks.everyone(_seen(images) | {"network": _short(extractor.identity), "device": extractor.device.type})
    for rank, seen in enumerate(everyone):
        for what, first in everyone[0].items():
            if seen[what] != first:
                raise ContentError(
                    f"{images.name}: rank {rank} has another {what} than rank 0 ({seen[what]} and {first}); needed the "
                    "same files, weights and devices on all machines"
                )


def _seen(images: SampleSet | Stream) -> dict[str, str | int]:
    if isinstance(images, Stream):  # rank 0 alone runs it
        return {}
    names = hashlib.sha256()
    for index in range(len(images)):
        names.update(f"{images.name_of(index)}\n".encode())
    return {"number of pictures": len(images), "list of names": names.hexdigest()[:12]}


def _short(identity: dict[str, str]) -> str:
    return key_of(**identity)[:12]
