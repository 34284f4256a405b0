"""The published ways to compute these numbers: rows of a table, chosen with `--protocol`, written into the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProtocolRow:
    """How an image reaches the network. Everything else is the same in all of them (`docs/metrics.md`)."""

    resize: str
    shift_scale: tuple[float, float]  # Inception sees (x - shift) / scale
    agrees_with: str


PROTOCOLS: dict[str, ProtocolRow] = {
    "tf1": ProtocolRow("tf1-bilinear", (128.0, 128.0), "torch-fidelity, TTUR, ADM: TensorFlow 1 bilinear"),
    "clean": ProtocolRow("pil-bicubic", (128.0, 128.0), "clean-fid: Pillow bicubic with antialias, float"),
    "pytorch-fid": ProtocolRow("bilinear", (127.5, 127.5), "pytorch-fid: half-pixel bilinear on [0, 1]"),
}
