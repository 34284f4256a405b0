"""Ranks agree on the bytes of a set, whatever each has on its own machine."""

import numpy as np

from ganeval.features.joining import hash_of
from ganeval.media.arrays import array_images
from ganeval.metrics.ranks import Ranks


class SecondRank(Ranks):
    """Rank 1, where rank 0 has the given checksum; it must not enter an exchange of its own."""

    def __init__(self, published: str | None) -> None:
        self.rank, self.world, self.published, self.exchanges = 1, 2, published, 0

    def broadcast(self, value):
        return self.published

    def digest_of_all(self, own: bytes | bytearray) -> str:
        self.exchanges += 1
        return super().digest_of_all(own)


def test_unpacked_files_beside_published_ones_have_the_published_checksum() -> None:
    unpacked = array_images(np.zeros((5, 8, 8), np.uint8), "digits")
    published = array_images(np.zeros((5, 8, 8), np.uint8), "digits", bytes_hash="abc")
    ranks = SecondRank("abc")
    assert hash_of(unpacked, ranks) == hash_of(published, ranks) == "abc"
    assert ranks.exchanges == 0


def test_published_files_beside_unpacked_ones_are_hashed_as_those() -> None:
    published = array_images(np.zeros((5, 8, 8), np.uint8), "digits", bytes_hash="abc")
    ranks = SecondRank(None)
    assert hash_of(published, ranks) != "abc"
    assert ranks.exchanges == 1
