"""From features to scores: every family of `METRICS` on a reference and samples."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ganeval.errors import ContentError, GanevalWarning, UsageError, unknown, warn_all
from ganeval.evaluation.metric_inputs import MetricInputs
from ganeval.evaluation.settings import Settings
from ganeval.evaluation.warnings import bias_warning
from ganeval.features.feature_set import FeatureSet
from ganeval.metrics import K_DENSITY_COVERAGE, K_PRECISION_RECALL
from ganeval.metrics.estimate import Estimate
from ganeval.reports.report import Score, check_finite
from ganeval.reports.scores import METRICS
from ganeval.runtime.devices import plain_defaults, precision_context

STATISTICS_FAMILIES = ("fid", "is")  # possible with a reference that has no features
MIXTURE_FAMILIES = ("fid", "mixture")  # default for a mixture: the others estimate what its known centres say exactly


def score_families(inputs: MetricInputs, families: Sequence[str]) -> dict[str, Score]:
    """The scores of these families, in the order of `METRICS`.

    Raises ContentError, naming the family, for features that a metric refuses or a score that is not finite.
    """
    scores: dict[str, Score] = {}
    for name, family in METRICS.items():
        if name not in families:
            continue
        try:
            with torch.no_grad(), plain_defaults(), precision_context("float32", inputs.fake_features.device):
                estimates: dict[str, Estimate] = family.load()(**inputs.arguments(family.needs))
        except ValueError as reason:
            raise ContentError(f"{name}: {reason}") from reason
        for score_name, row in family.scores.items():
            if score_name in estimates:
                scores[score_name] = _score(score_name, estimates[score_name], row.better, inputs.mode_names)
    return scores


def choose(metrics: Sequence[str] | str | None) -> list[str]:
    """The families asked for, or the default ones; UsageError, with the nearest name, for one that does not exist.

    >>> choose("kid,fid")
    ['fid', 'kid']
    """
    if metrics is None:
        return [name for name, family in METRICS.items() if family.default]
    if not isinstance(metrics, Sequence):
        raise UsageError(f'metrics: found {metrics!r}, needed names, as in "fid,kid" or ["fid", "kid"]')
    names = [part.strip() for part in metrics.split(",")] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in METRICS:
            raise unknown("metric", str(name), METRICS)
    if not names:
        raise UsageError(f"metrics: found none, needed some of {', '.join(METRICS)}")
    return [name for name in METRICS if name in names]


def possible(inputs: MetricInputs, families: Sequence[str], *, strict: bool) -> list[str]:
    """The families that these inputs can give; the others are warned about, or refused where `strict`."""
    reasons = {name: reason for name in families if (reason := _obstacle(inputs, name)) is not None}
    for name, reason in reasons.items():
        if strict:
            raise UsageError(f"{name}: {reason}; leave it out of --metrics")
        warnings.warn(f"{name} left out: {reason}", GanevalWarning, 2)
    return [name for name in families if name not in reasons]


def check_sets(inputs: MetricInputs, families: Sequence[str], names: tuple[str, str]) -> None:
    """ContentError unless both sets (`names`: reference, samples) are of one width and large enough for each family."""
    real, width = inputs.value("real"), inputs.fake_features.shape[1]
    real_width = real.shape[1] if isinstance(real, Tensor) else len(real.mean)
    if real_width != width:
        raise ContentError(f"{names[0]}: found {real_width} features, needed {width} as {names[1]} has")
    k = max(inputs.settings.k_precision_recall, inputs.settings.k_density_coverage)
    for family in families:
        least = METRICS[family].fewest_samples(k=k, width=width)
        for name, count in zip(names, (inputs.real.count, inputs.fake.count), strict=True):
            if count is not None and count < least:
                images = "1 image" if count == 1 else f"{count} images"
                lower = ", lower --k-precision-recall and --k-density-coverage,"
                ways_out = f"add images{lower if METRICS[family].fewest.startswith('k') else ''} or leave it out"
                raise ContentError(f"{name}: found {images}, needed at least {least} for {family}; {ways_out}")


def score_features(
    real: Any,
    fake: Any,
    *,
    metrics: Sequence[str] = ("fid", "kid", "pr", "dc"),
    k_precision_recall: int = K_PRECISION_RECALL,
    k_density_coverage: int = K_DENSITY_COVERAGE,
    seed: int = 2020,
) -> dict[str, Score]:
    """Scores of your own features: `real` (M, D) and `fake` (N, D), arrays or tensors, float32 or float64.

    Each score says which direction is better and has its standard error. Needs no images and no network. A
    GanevalWarning tells what the scores of so few points do not show.
    Raises ContentError for features that are not finite or too few, UsageError for an unknown metric.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(600, 8))
    >>> scores = score_features(noise[:300], noise[300:] + 3, metrics=["fid", "pr"])
    >>> scores["fid"].value > 60, scores["precision"].value
    (True, 0.0)
    """
    for name, k in (("k_precision_recall", k_precision_recall), ("k_density_coverage", k_density_coverage)):
        if k < 1:
            raise UsageError(f"{name}: found {k}, needed at least 1")
    settings = Settings(k_precision_recall=k_precision_recall, k_density_coverage=k_density_coverage, seed=seed)
    features = [_as_features(name, values) for name, values in (("real", real), ("fake", fake))]
    inputs = MetricInputs(FeatureSet(features[0]), FeatureSet(features[1]), settings)
    families = possible(inputs, choose(metrics), strict=True)
    check_sets(inputs, families, ("real", "fake"))
    if "fid" in families:
        warn_all(bias_warning(min(map(len, features)), features[0].shape[1]))
    return score_families(inputs, families)


def _as_features(name: str, values: Any) -> Tensor:
    try:
        # an array stays on the CPU, whatever torch's default device is
        tensor = (values if isinstance(values, Tensor) else torch.as_tensor(values, device="cpu")).detach()
    except (TypeError, ValueError, RuntimeError) as reason:
        raise ContentError(f"{name}: found a {type(values).__name__}, needed an array or tensor (N, D)") from reason
    if tensor.ndim != 2 or not (tensor.is_floating_point() or tensor.dtype == torch.uint8):
        raise ContentError(f"{name}: found {tensor.dtype} {tuple(tensor.shape)}, needed floats (N, D)")
    return tensor.float() if tensor.dtype != torch.float64 else tensor


def _obstacle(inputs: MetricInputs, family: str) -> str | None:
    """Why these inputs cannot give a family."""
    if "centres" in METRICS[family].needs and inputs.real.centres is None:
        return "the reference is no mixture whose centres are known (ring8 and grid25 are)"
    if inputs.real.features is None and family not in STATISTICS_FAMILIES:
        return "the reference is a statistics file, which holds no features"
    if "fake_probabilities" in METRICS[family].needs and inputs.fake.probabilities is None:
        return "this extractor gives no class probabilities"
    return None


def _score(name: str, estimate: Estimate, better: str, mode_names: list[str] | None) -> Score:
    more = {**estimate.more, "names": mode_names} if estimate.more else {}  # counts of modes: classes have names
    score = Score(**{**vars(estimate), "better": better, "more": more})
    check_finite(name, score)
    return score
