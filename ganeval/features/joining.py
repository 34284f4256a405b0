"""Where several processes (ranks) that extract one set meet: each has a part of it, and here the parts become whole.

They also check that they see the same files, hash each file on one rank only, and share what the first one has stored.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict

from ganeval.errors import ContentError
from ganeval.extractors.base import Extractor
from ganeval.features.extraction import Collector
from ganeval.features.store import Entry, Store, key_of
from ganeval.media.base import SampleSet
from ganeval.media.census import Census
from ganeval.metrics.ranks import ALONE, Ranks


def part_of(samples: SampleSet, ranks: Ranks) -> range | None:
    """The images that this rank extracts; None for all of a stream, a user's code, which the first rank alone runs."""
    if samples.random_access:
        return ranks.part(len(samples))
    return None if ranks.rank == 0 else range(0)


def joined(collector: Collector, name: str, ranks: Ranks = ALONE) -> tuple[Entry, Census]:
    """What all ranks have collected of the set `name`, as the store keeps it, and their census.

    Raises ContentError where too few images are left.
    """
    census = _census_of_all(collector.census, ranks)
    rows = {part: ranks.gather_rows(own) for part, own in collector.rows().items()}
    return Entry(collector.tensors(name, census, rows, ranks.total), asdict(census.facts())), census


def _census_of_all(own: Census, ranks: Ranks) -> Census:
    """What all ranks have counted, in the order of ranks, which is that of the images."""
    if ranks.world == 1:
        return own
    whole = Census(keeping=own.keeping)
    for part in ranks.gather(own):
        whole.extend(part)
    whole.hashes = ranks.digest_of_all(own.pixels), ranks.digest_of_all(own.stored)
    return whole


def load_entry(store: Store, key: str | None, ranks: Ranks) -> Entry | None:
    """What the first rank finds in its store, on every rank, as not all may see the same disk; None for nothing."""
    entry = store.load(key) if ranks.rank == 0 else None
    if ranks.world == 1:
        return entry
    facts = ranks.broadcast(None if entry is None else dict(entry.facts))
    tensors = ranks.broadcast_tensors(None if entry is None else entry.tensors)
    return None if tensors is None or facts is None else Entry(tensors, facts)


def load_or_compute(store: Store, key: str | None, compute: Callable[[], Entry], ranks: Ranks = ALONE) -> Entry:
    """What the first rank has stored under a key; else what all of them compute now, and the first one stores."""
    entry = load_entry(store, key, ranks)
    if entry is None:
        entry = compute()
        if ranks.rank == 0:
            store.save(key, entry)
    return entry


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
