"""What one rank of `test_distributed.py` runs: everything that ranks exchange, with parts that differ or are empty.

`shared_by_ranks.py FOLDER OTHER TARGET`: each writes what it got to TARGET/RANK.json.
"""

import json
import sys
from pathlib import Path

import torch

from ganeval.errors import ContentError
from ganeval.extractors import open_extractor
from ganeval.features.joining import check_ranks_agree, hash_of
from ganeval.media.files import folder_images
from ganeval.metrics.ranks import Ranks
from ganeval.runtime.distributed import ranks_of_torchrun


def found_by(ranks: Ranks, folder: str, other: str, target: Path) -> dict[str, object]:
    rows = torch.arange(2.0 * ranks.rank).reshape(ranks.rank, 2) if ranks.rank else torch.empty(0)
    kept = {"a": torch.arange(3), "b": torch.ones(2, 2, dtype=torch.float64)} if ranks.rank == 0 else None
    shared = ranks.broadcast_tensors(kept)
    assert shared is not None
    extractor = open_extractor("digits", device=torch.device("cpu"))
    images = folder_images(folder)
    check_ranks_agree(images, extractor, ranks)
    try:
        check_ranks_agree(folder_images(other if ranks.rank == 1 else folder), extractor, ranks)
        refused = ""
    except ContentError as reason:
        refused = str(reason)
    return {
        "joined": ranks.gather_rows(rows).tolist(),
        "nothing": list(ranks.gather_rows(torch.empty(0)).shape),
        "shared": {name: [str(tensor.dtype), tensor.tolist()] for name, tensor in shared.items()},
        "nobody": ranks.broadcast_tensors(None),
        "digest": ranks.digest_of_all(bytes(range(7 * ranks.rank))),
        "hash": hash_of(images, ranks),
        "refused": refused,
        "turns": ranks.in_turn(lambda: (target / "turns").open("a").write(str(ranks.rank))),
    }


def main(folder: str, other: str, target: str) -> None:
    with ranks_of_torchrun() as ranks:
        found = found_by(ranks, folder, other, Path(target))
        (Path(target) / f"{ranks.rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
