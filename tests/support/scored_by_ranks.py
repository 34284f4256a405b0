"""What one rank of `test_distributed.py` runs: scores of given features, shared with the others; rank 0 prints them."""

import json
import os
import sys
import time

import numpy as np
import torch

from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.scorer import scores_by_first_rank
from ganeval.features.feature_set import FeatureSet
from ganeval.runtime.distributed import LostRank, ranks_of_torchrun

FAMILIES = ("fid", "kid", "pr", "dc", "modes")


def main(path: str, dies: str) -> None:
    with np.load(path) as arrays:
        sides = [FeatureSet(torch.from_numpy(arrays[name])) for name in ("real", "fake")]
    with ranks_of_torchrun() as ranks:
        if ranks.rank == 1 and dies:
            time.sleep(2)  # the others wait for it by then, and so know whom they wait for
            os._exit(9)
        try:
            scores = scores_by_first_rank(MetricInputs(*sides, ranks=ranks), FAMILIES)
        except LostRank as lost:
            sys.exit(str(lost))
    if ranks.rank == 0:
        found = {name: [score.value, score.error or 0, score.error_samples or 0] for name, score in scores.items()}
        sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
