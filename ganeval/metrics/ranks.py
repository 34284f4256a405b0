"""How processes share the work of one metric. Alone, which is the default, a process does all of it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from torch import Tensor

Item = TypeVar("Item")


class Ranks:
    """One process among `world` that compute the same thing: what is its own to do, and what all of them found.

    This class is a process by itself; `ganeval.distributed` has the one that talks to others. Every method that
    exchanges something must be called by all ranks, in the same order.
    """

    rank, world = 0, 1

    def mine(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every `world`-th item, beginning with this rank's number.

        >>> Ranks().mine("abc")
        'abc'
        """
        return items[self.rank :: self.world]

    @property
    def stride(self) -> slice:
        """This rank's items of any list: every `world`-th, beginning with this rank's number."""
        return slice(self.rank, None, self.world)

    def part(self, count: int) -> range:
        """This rank's own run of `count` things in a row; the runs of all ranks differ by one at most.

        >>> Ranks().part(7)
        range(0, 7)
        """
        return range(count * self.rank // self.world, count * (self.rank + 1) // self.world)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""
        return values

    def joined(self, rows: Tensor) -> Tensor:
        """The rows of all ranks one below the other, in the order of ranks, on every rank."""
        return rows

    def everyone(self, value: Any) -> list[Any]:
        """What each rank says, in the order of ranks, on every rank."""
        return [value]

    def first(self, value: Item) -> Item:
        """What rank 0 says, on every rank; small things, as they are pickled."""
        found: Item = self.everyone(value)[0]
        return found

    def tensors_of_first(self, tensors: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
        """Rank 0's tensors on every rank, or None where it has none."""
        return None if tensors is None else dict(tensors)

    def digested(self, own: bytes | bytearray) -> str:
        """The sha256 (hex) of what all ranks have, one after the other; nobody holds all of it."""
        return hashlib.sha256(own).hexdigest()

    def in_turn(self, work: Callable[[], Item]) -> Item:
        """What `work` gives on each rank; rank 0 does it before the others, who find what it has fetched."""
        if self.rank == 0:
            found = work()
        self.everyone(None)
        return found if self.rank == 0 else work()


ALONE = Ranks()
