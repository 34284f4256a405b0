"""What a layer of the generator is for: samples before and after a channel was made as active as can be.

Activation maximisation: Erhan et al. 2009, Visualizing Higher-Layer Features of a Deep Network.
"""

from pathlib import Path

import numpy as np

from ganeval.errors import ContentError
from ganeval.plots.mosaic import Words, mosaic
from ganeval.plots.run_arrays import AGAIN, Array, arrays, numbers, pictures
from ganeval.plots.theme import Absent, OutOfPlace, Plot
from ganeval.plots.training_log import History

NAME = "activation"


def activation_files(history: History) -> list[Path]:
    """The files of layers; OutOfPlace for points, Absent where there are none."""
    if len(history.shape) != 3:
        raise OutOfPlace("made points or vectors, not pictures")
    files = sorted((history.folder / "learning").glob("activation-*.npz"))
    if not files:
        raise Absent(f"no learning/activation-*.npz: {AGAIN}")
    return files


def activation(history: History, path: Path) -> Plot:
    """A column for each channel: the start above, what drives it most below, and the activations of both.

    Of a translator, which is given pictures, the test pictures that drive a channel middlingly, and most.
    """
    found = arrays(path, ["pictures", "before", "channels", "start", "reached", "layer"])
    after, before = pictures(path, found, "pictures", 4), pictures(path, found, "before", 4)
    start, reached = numbers(path, found, "start", 1), numbers(path, found, "reached", 1)
    channels = numbers(path, found, "channels", 1)
    if after.shape != before.shape or {len(after)} != {len(start), len(reached), len(channels)}:
        raise ContentError(f"{path}: pictures, before, channels, start and reached are not of one length")
    layer, measure = str(found["layer"]), "peak" if history.translates else "mean"
    words = Words(
        rows=["middling", "most"] if history.translates else ["before", "after"],
        columns=[str(int(channel)) for channel in channels],
        spans=[(0, len(channels) - 1, f"layer {layer}, by channel; below: its {measure} activation")],
        captions=[_written(start), _written(reached)],
    )
    of_layer = f"each of {len(channels)} channels of layer {layer}"
    ends = f"from {start.mean():.3g} to {reached.mean():.3g} on average"
    alt = f"Samples of {history.report.samples.name} before and after {of_layer} was made most active, {ends}."
    if history.translates:
        alt = f"Test pictures that excite {of_layer} of {history.report.samples.name} middlingly, and most: {ends}."
    figure = mosaic(np.stack([before, after]), words)
    return Plot(f"{NAME}-{path.stem.removeprefix('activation-')}", f"What drives layer {layer}", alt, figure)


def _written(values: Array) -> list[str]:
    return [f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}" for value in values]
