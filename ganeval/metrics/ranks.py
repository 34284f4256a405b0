"""Ranks: how several processes share the work of one metric. By default a process is alone and does all of it."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from torch import Tensor

Item = TypeVar("Item")


class Ranks:
    """One process among `world` that compute the same thing: its part of the work, and the exchange of results.

    This class is a process alone; `ganeval.runtime.distributed` has the one among others. Every method that exchanges
    something must be called by all ranks, in the same order.
    """

    rank, world = 0, 1

    @property
    def stride(self) -> slice:
        """This rank's part of any list: every `world`-th item, the first that of its number.

        >>> "abc"[Ranks().stride]
        'abc'
        """
        return slice(self.rank, None, self.world)

    def part(self, count: int) -> range:
        """This rank's part of `count` items as a range; the lengths of all ranks' ranges differ by one at most.

        >>> Ranks().part(7)
        range(0, 7)
        """
        return range(count * self.rank // self.world, count * (self.rank + 1) // self.world)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""
        return values

    def gather_rows(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, concatenated in the order of ranks, on every rank."""
        return rows

    def gather(self, value: Any) -> list[Any]:
        """The value of each rank, in the order of ranks, on every rank; small ones, as they are pickled."""
        return [value]

    def broadcast(self, value: Item) -> Item:
        """The value of rank 0, on every rank; small ones, as they are pickled."""
        first: Item = self.gather(value)[0]
        return first

    def from_first(self, work: Callable[[], Item]) -> Item:
        """The result of `work`, a small one, on every rank; rank 0 alone runs it."""
        return self.broadcast(cast("Item", work() if self.rank == 0 else None))

    def broadcast_tensors(self, tensors: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """Rank 0's tensors on every rank, or None where it has none."""
        return None if tensors is None else dict(tensors)

    def digest_of_all(self, own: bytes | bytearray) -> str:
        """The sha256 (hex) of the bytes of all ranks in their order; no rank holds those of all."""
        return hashlib.sha256(own).hexdigest()

    def in_turn(self, work: Callable[[], Item]) -> Item:
        """The result of `work` on each rank; rank 0 runs it before the others, which then find what it downloaded."""
        if self.rank == 0:
            result = work()
        self.gather(None)
        return result if self.rank == 0 else work()


ALONE = Ranks()
