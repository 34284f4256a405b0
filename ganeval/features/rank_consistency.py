"""Checks that all ranks see the same files, and hashes each file on one rank only."""

import hashlib

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor
from ganeval.features.store import key_of
from ganeval.media.base import SampleSet
from ganeval.metrics.ranks import Ranks


def hash_of(samples: SampleSet, ranks: Ranks) -> str:
    """What `bytes_hash` gives; each rank reads its own part, unless rank 0 has files with published checksums."""
    return ranks.broadcast(samples.published_hash) or ranks.digest_of_all(
        b"".join(map(samples.digest, ranks.part(len(samples))))
    )


def check_ranks_agree(samples: SampleSet, extractor: Extractor, ranks: Ranks) -> None:
    """ContentError where ranks, on machines of their own, see other images or use other networks than rank 0."""
    if ranks.world == 1:
        return
    own = {"network": key_of(**extractor.identity).partition("/")[2][:12], "device": extractor.device.type}
    if samples.random_access:  # a stream is run by rank 0 alone
        names = "".join(f"{samples.name_of(index)}\n" for index in range(len(samples)))
        own["number of images"] = str(len(samples))
        own["list of names"] = hashlib.sha256(names.encode()).hexdigest()[:12]
    everyone = ranks.gather(own)
    for rank, other in enumerate(everyone):
        for what, first in everyone[0].items():
            if other[what] != first:
                raise ContentError(
                    f"{samples.name}: rank {rank} has another {what} than rank 0 ({other[what]} and {first}); needed "
                    "the same files, weights and devices on all machines"
                )
