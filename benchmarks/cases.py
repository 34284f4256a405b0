"""What is measured in one process: metrics on the same features, networks on the same pictures and weights.

Each function takes its inputs and gives values by name; rows of `against.py` compare what two of them call alike.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

Values = dict[str, float]
OnFeatures = Callable[[Tensor, Tensor], Values]
Network = Callable[[Tensor], Tensor]  # uint8 N,3,H,W -> features


def features(count: int, width: int) -> tuple[Tensor, Tensor]:
    """Two correlated Gaussian sets, reals and fakes, float32."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(width, width, generator=generator) / width**0.5
    real = torch.randn(count, width, generator=generator) @ mixing
    return real, torch.randn(count, width, generator=generator) @ mixing * 1.05 + 0.01


def ganeval_fid(real: Tensor, fake: Tensor) -> Values:
    from ganeval.metrics.frechet import fid

    found = fid(real, fake)["fid"]
    return {"fid": found.value, "fid error": found.error or 0.0}


def ganeval_fid_value(real: Tensor, fake: Tensor) -> Values:
    from ganeval.metrics.frechet import frechet_distance
    from ganeval.metrics.moments import moments

    return {"fid": frechet_distance(moments(real), moments(fake))}


def torch_fidelity_fid(real: Tensor, fake: Tensor) -> Values:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    found = fid_statistics_to_metric(fid_features_to_statistics(fake), fid_features_to_statistics(real), False)
    return {"fid": found["frechet_inception_distance"]}


def pytorch_fid_fid(real: Tensor, fake: Tensor) -> Values:
    from pytorch_fid.fid_score import calculate_frechet_distance

    sides = [(np.mean(rows, axis=0), np.cov(rows, rowvar=False)) for rows in (fake.numpy(), real.numpy())]
    return {"fid": float(calculate_frechet_distance(*sides[0], *sides[1]))}


def clean_fid_fid(real: Tensor, fake: Tensor) -> Values:
    from cleanfid.fid import fid_from_feats

    return {"fid": float(fid_from_feats(fake.numpy(), real.numpy()))}


def torchmetrics_fid(real: Tensor, fake: Tensor) -> Values:
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=Given(real.shape[1]), input_img_size=(1, 1, 1))
    for rows, is_real in ((real, True), (fake, False)):
        for block in rows.split(500):
            metric.update(block, real=is_real)
    metric.orig_dtype = torch.float64
    return {"fid": float(metric.compute())}


class Given(torch.nn.Module):
    """A network whose pictures are features already: the metric of a library without its network."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features


def ganeval_neighbours(real: Tensor, fake: Tensor) -> Values:
    from ganeval.metrics.neighbours import density_coverage, overlap, precision_recall

    found = overlap(real, fake)
    return {name: one.value for name, one in {**precision_recall(found), **density_coverage(found)}.items()}


def torch_fidelity_neighbours(real: Tensor, fake: Tensor) -> Values:
    from torch_fidelity.metric_prc import prc_features_to_metric

    found = prc_features_to_metric(fake, real, verbose=False)
    return {name: found[name] for name in ("precision", "recall")}


def prdc_neighbours(real: Tensor, fake: Tensor) -> Values:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    return {name: float(found[name]) for name in ("density", "coverage")}


def ganeval_kid(real: Tensor, fake: Tensor) -> Values:
    from ganeval.metrics.kernel import kid

    return {"kid": kid(real, fake)["kid"].value}


def torch_fidelity_kid(real: Tensor, fake: Tensor) -> Values:
    from torch_fidelity.metric_kid import kid_features_to_metric

    found = kid_features_to_metric(fake, real, verbose=False)
    return {"kid": found["kernel_inception_distance_mean"]}


def clean_fid_kid(real: Tensor, fake: Tensor) -> Values:
    from cleanfid.fid import kernel_distance

    return {"kid, other subsets": float(kernel_distance(fake.numpy(), real.numpy()))}


def torchmetrics_kid(real: Tensor, fake: Tensor) -> Values:
    from torchmetrics.image.kid import KernelInceptionDistance

    metric = KernelInceptionDistance(feature=Given(real.shape[1]), subsets=100, subset_size=1000)
    for rows, is_real in ((real, True), (fake, False)):
        metric.update(rows, real=is_real)
    return {"kid, other subsets": float(metric.compute()[0])}


ON_FEATURES: dict[str, OnFeatures] = {
    "FID with its error bar": ganeval_fid,
    "FID value": ganeval_fid_value,
    "torch-fidelity, FID": torch_fidelity_fid,
    "pytorch-fid, FID": pytorch_fid_fid,
    "clean-fid, FID": clean_fid_fid,
    "torchmetrics, FID": torchmetrics_fid,
    "precision, recall, density, coverage with error bars": ganeval_neighbours,
    "torch-fidelity, precision and recall": torch_fidelity_neighbours,
    "prdc, all four": prdc_neighbours,
    "KID with its error bar": ganeval_kid,
    "torch-fidelity, KID": torch_fidelity_kid,
    "clean-fid, KID": clean_fid_kid,
    "torchmetrics, KID": torchmetrics_kid,
}


def ganeval_network(weights: Path) -> Network:
    return _ganeval_network(weights, "tf1")


def ganeval_as_pytorch_fid(weights: Path) -> Network:
    return _ganeval_network(weights, "pytorch-fid")


def _ganeval_network(weights: Path, protocol: str) -> Network:
    from ganeval.evaluation.protocols import PROTOCOLS
    from ganeval.extractors import open_extractor
    from ganeval.features.resize import RESIZES

    convention, device = PROTOCOLS[protocol], torch.device("cpu")
    extractor = open_extractor("inception", device=device, weights=weights, shift_scale=convention.shift_scale)

    def network(pictures: Tensor) -> Tensor:
        return extractor.run(RESIZES[convention.resize](list(pictures.numpy()), extractor.size, device))[0]

    return network


def torch_fidelity_network(weights: Path) -> Network:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    module = FeatureExtractorInceptionV3("peer", ["2048"], feature_extractor_weights_path=str(weights))
    return lambda pictures: module(pictures)[0]


def pytorch_fid_network(weights: Path) -> Network:
    from pytorch_fid import inception

    inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    module = inception.InceptionV3().eval()
    return lambda pictures: module(pictures.float() / 255)[0].flatten(1)


def torchmetrics_network(weights: Path) -> Network:
    from torchmetrics.image.fid import NoTrainInceptionV3

    module = NoTrainInceptionV3("peer", ["2048"], str(weights))
    return lambda pictures: module(pictures)


NETWORKS: dict[str, Callable[[Path], Network]] = {
    "Inception, tf1": ganeval_network,
    "Inception, pytorch-fid's protocol": ganeval_as_pytorch_fid,
    "torch-fidelity's Inception": torch_fidelity_network,
    "pytorch-fid's Inception": pytorch_fid_network,
    "torchmetrics' Inception": torchmetrics_network,
}

# The ceilings: what the network's share is taken of
PRODUCTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"torch's product": lambda left, right: left @ right}
if torch.backends.mkldnn.is_available():
    PRODUCTS["oneDNN's product"] = lambda left, right: torch.ops.mkldnn._linear_pointwise(
        left, right, None, "none", [], ""
    )
