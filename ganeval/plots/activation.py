"""Activation maximisation: samples before and after channels of a generator layer were driven to their maximum.

Erhan et al. 2009, Visualizing Higher-Layer Features of a Deep Network.
"""

from pathlib import Path

import numpy as np

from ganeval.errors import ContentError
from ganeval.plots.mosaic import MosaicText, mosaic
from ganeval.plots.run_arrays import RERUN, image_array, numeric_array, read_arrays
from ganeval.plots.theme import MissingData, NotApplicable, Plot
from ganeval.plots.training_log import TrainingLog


def activations(log: TrainingLog) -> list[Plot]:
    """A plot of each stored layer, in it a column for each channel: the start above, the maximum below.

    A translator takes images: its columns show the test images of median and of highest activation.
    """
    if len(log.shape) != 3:
        raise NotApplicable("the samples are points or vectors, not images")
    files = sorted((log.folder / "learning").glob("activation-*.npz"))
    if not files:
        raise MissingData(f"no learning/activation-*.npz: {RERUN}")
    return [_activation(log, path) for path in files]


def _activation(log: TrainingLog, path: Path) -> Plot:
    stored = read_arrays(path, ["pictures", "before", "channels", "start", "reached", "layer"])
    after, before = image_array(path, stored, "pictures", 4), image_array(path, stored, "before", 4)
    start, end = numeric_array(path, stored, "start", 1), numeric_array(path, stored, "reached", 1)
    channels = numeric_array(path, stored, "channels", 1)
    if after.shape != before.shape or {len(after)} != {len(start), len(end), len(channels)}:
        raise ContentError(f"{path}: pictures, before, channels, start and reached are not of one length")
    layer, measure = str(stored["layer"]), "peak" if log.translates else "mean"
    text = MosaicText(
        rows=["median", "highest"] if log.translates else ["before", "after"],
        columns=[str(int(channel)) for channel in channels],
        spans=[(0, len(channels) - 1, f"layer {layer}, by channel; below: its {measure} activation")],
        captions=[
            [f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}" for value in values] for values in (start, end)
        ],
    )
    target = f"each of {len(channels)} channels of layer {layer}"
    means = f"from {start.mean():.3g} to {end.mean():.3g} on average"
    alt = f"Samples of {log.name} before and after the activation of {target} was maximised, {means}."
    if log.translates:
        alt = f"Test images of median and of highest activation for {target} of {log.name}: {means}."
    figure = mosaic(np.stack([before, after]), text)
    return Plot(path.stem, f"What activates layer {layer}", alt, figure)
