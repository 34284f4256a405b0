"""What one rank of `test_summing.py` runs: the sums of given pictures, shared with the others; rank 0 writes them."""

import sys
from pathlib import Path

import numpy as np
import torch

from ganeval.extractors import open_extractor
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.progress import silent
from ganeval.runtime.distributed import ranks_of_torchrun


def main(pictures: str, target: str, store: str) -> None:
    images = array_images(np.load(pictures))
    with ranks_of_torchrun() as ranks:
        how = Extraction(open_extractor("digits", device=torch.device("cpu")), "tf1-bilinear")
        found = FeatureSet.from_samples(images, how, Store(Path(store)), silent, sums=True, ranks=ranks)
    if ranks.rank == 0:
        total = found.moments
        np.savez(
            target, mean=total.mean, covariance=total.covariance, drawn=found.features, mark=found.facts.fingerprint
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
