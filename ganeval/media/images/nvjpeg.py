"""JPEGs decoded on the GPU (NVIDIA's nvJPEG, as torchvision has it): some pixels differ by grey levels.

So it is asked for (`--decoder nvjpeg`) and part of the protocol.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ganeval.errors import UsageError
from ganeval.media.images.decoding import Decoder


def decoder_on(device: torch.device) -> Decoder:
    """A function of a JPEG's bytes that gives its pixels (H, W, 3), decoded on `device`.

    Raises UsageError on any device but CUDA, and for a torchvision without it.
    """
    if device.type != "cuda":
        raise UsageError(f"--decoder nvjpeg needs a CUDA device, and this is {device.type}: leave it out")
    return jpegs_on(device)


def jpegs_on(device: torch.device) -> Decoder:
    """The same on any device that torchvision has a decoder for."""
    try:
        from torchvision.io import ImageReadMode, decode_jpeg
    except ImportError as reason:
        raise UsageError("--decoder nvjpeg: this torchvision decodes no JPEGs; leave it out") from reason

    def pixels(data: bytes) -> npt.NDArray[np.uint8]:
        encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        try:  # deprecated for torchcodec, which needs FFmpeg
            image: Any = decode_jpeg(encoded, mode=ImageReadMode.RGB, device=device)
        except torch.OutOfMemoryError as reason:  # the image is not at fault
            raise MemoryError(str(reason)) from reason
        decoded: npt.NDArray[np.uint8] = image.permute(1, 2, 0).cpu().numpy()
        return decoded

    return pixels
