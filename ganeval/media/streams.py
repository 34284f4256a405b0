"""Images that are read once, in order, and never cached: iterables, callables and generator networks."""

import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy.typing as npt

from ganeval.errors import ContentError, GanevalError, UsageError
from ganeval.media.arrays import as_numpy, of_channels
from ganeval.media.base import Items, Result, SampleSet
from ganeval.media.images.decoding import DecodedImage, from_array, from_pil
from ganeval.media.images.pixels import channels_last

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image


Array = npt.NDArray[Any]
IMAGE_KEYS = ("image", "images", "img", "pixel_values", "jpg", "png")  # of dicts, as those of Hugging Face


class Stream(SampleSet):
    """Samples that pass once, in order, by `map_batches`; `count` is how many there will be, where that is known."""

    random_access = False

    def __init__(self, name: str, count: int | None, read: Callable[[int], Iterator[Any]]) -> None:
        super().__init__(name)
        self._count = count
        self._read: Callable[[int], Iterator[Any]] | None = read

    @property
    def count(self) -> int | None:
        return self._count

    def __len__(self) -> int:
        if self._count is None:
            raise self._passes_once()
        return self._count

    def item(self, index: int) -> DecodedImage:
        raise self._passes_once()

    def digest(self, index: int) -> bytes:
        raise self._passes_once()

    def subset(self, indices: Sequence[int]) -> SampleSet:
        raise self._passes_once()

    def map_batches(
        self, work: Callable[[Items], Result], size: int, *, part: range | None = None, polite: bool = False
    ) -> Iterator[Result]:
        """The results of `work` on all batches, in this thread, as the user's code runs; a stream has no `part`."""
        start = 0
        for batch in self.batches(size):
            yield work(enumerate(batch, start))
            start += len(batch)

    def batches(self, size: int) -> Iterator[list[DecodedImage]]:
        """All images in order, at most `size` at a time; a ContentError names the first that is unfit."""
        read, self._read = self._read, None
        if read is None:
            raise UsageError(f"{self.name}: a stream is read once; pass the generator anew, or an array of its images")
        batch: list[DecodedImage] = []
        done = 0
        for done, image in enumerate(itertools.islice(_one_line(read, size, self.name), self._count), 1):
            decode = from_pil if is_pil(image) else from_array
            batch.append(decode(image, self.name_of(done - 1)))
            if len(batch) == size:
                yield batch
                batch = []
        if done < (self._count or 1):
            raise ContentError(f"{self.name}: ended after {done} images; needed {self._count or 'at least 1'}")
        if batch:
            yield batch

    def _passes_once(self) -> UsageError:
        return UsageError(f"{self.name}: n cannot be drawn from an iterable; pass an array, or slice it yourself")


def stream_images(
    source: Any,
    name: str,
    count: int | None = None,
    *,
    latent: int | tuple[int, ...] | None = None,
    seed: int = 2020,
    channels: str | None = None,
) -> Stream:
    """A stream of the images that `source` gives, which is one of

    - an iterable, or a function of nothing that returns one, of images (H,W or H,W,C or C,H,W) or batches
      (N,H,W,C or N,C,H,W), of images of Pillow or lists of them; of an (images, labels) pair the images are taken, of a
      dict those under `image`, `images`, `img`, `pixel_values`, `jpg` or `png`; so is a data set of torch by index;
    - a function of n that returns n images (N,H,W is grey); `count` is needed;
    - a torch.nn.Module and `latent`, the shape of what it turns into an image; `count` is needed. It is run in eval
      mode and left as it was. Each image's latent is drawn by itself, N(0, 1), from one CPU generator with `seed`:
      the n-th is the same at any batch size.

    Layouts, values and `channels` are those of `array_images`. Raises UsageError for a missing `count` or `latent`.

    >>> import numpy as np
    >>> stream = stream_images(lambda n: np.zeros((n, 8, 8)), "black", count=5)
    >>> [len(batch) for batch in stream.batches(2)]
    [2, 2, 1]
    """
    torch = sys.modules.get("torch")  # whoever passes a module has imported it
    if torch is not None and isinstance(source, torch.nn.Module):
        if latent is None:
            raise UsageError(f"{name}: a torch module: pass latent, the shape of its input for one image")
        return _called(_sampler(source, latent, seed), name, count, channels)
    if isinstance(source, str | bytes | dict) or not (_is_iterable(source) or callable(source)):
        raise UsageError(f"{name}: {type(source).__name__} found: needed an iterable of images, or a callable")
    if _is_iterable(source):
        return Stream(name, count, lambda size: _images_of(source, name, channels))
    if _takes_a_number(source, name):
        return _called(source, name, count, channels)
    return Stream(name, count, lambda size: _images_of(source(), name, channels))


def _one_line(read: Callable[[int], Iterator[Any]], size: int, name: str) -> Iterator[Any]:
    """The images that are read; what the user's own code raises becomes one line that says whose it is."""
    try:
        yield from read(size)
    except GanevalError:
        raise
    except Exception as error:
        raise ContentError(f"{name} failed: {type(error).__name__}: {error}") from error


def _called(draw: Callable[[int], Any], name: str, count: int | None, channels: str | None) -> Stream:
    """A stream of `draw(n)`, asked for no more than are needed."""
    if count is None:
        raise UsageError(f"{name}: a callable has no end: pass n, the number of images to draw from it")

    def read(size: int) -> Iterator[Any]:
        for start in range(0, count, size):
            number = min(size, count - start)
            answer = _first(draw(number), name)
            if isinstance(answer, list | tuple):  # of images of Pillow, as diffusers gives them
                if len(answer) != number:
                    raise ContentError(f"{name}: asked for {number} images, got {len(answer)}")
                yield from _images_of(answer, name, channels)
                continue
            images, is_tensor = as_numpy(answer, name)
            laid_out = images if images.ndim == 3 else channels_last(images, is_tensor) if images.ndim == 4 else None
            if laid_out is None or len(laid_out) != number:
                raise ContentError(f"{name}: asked for {number} images, got shape {images.shape}")
            yield from laid_out if images.ndim == 3 else of_channels(laid_out, channels, name)

    return Stream(name, count, read)


def _images_of(source: Any, name: str, channels: str | None) -> Iterator[Any]:
    """The images in the items of a source, which are each an image or, with four axes, a batch."""
    if not _is_iterable(source):
        raise ContentError(f"{name}: gave {type(source).__name__}: needed an iterable of images")
    # a map-style data set need not raise IndexError at its end: it goes by its length
    items = source if hasattr(source, "__iter__") else (source[index] for index in range(len(source)))
    for item in items:
        image = _first(item, name)
        if is_pil(image):
            yield image
            continue
        if isinstance(image, list | tuple):
            yield from _images_of(image, name, channels)
            continue
        values, is_tensor = as_numpy(image, name)
        if values.ndim == 2:
            yield values
            continue
        laid_out = channels_last(values, is_tensor) if values.ndim in (3, 4) else None
        if laid_out is None:
            raise ContentError(
                f"{name}: shape {values.shape}: needed images (H,W or H,W,C or C,H,W) or batches (N,H,W,C or N,C,H,W)"
            )
        laid_out = of_channels(laid_out, channels, name)
        yield from laid_out if values.ndim == 4 else [laid_out]


def _first(item: Any, name: str) -> Any:
    """The images of an (images, labels) pair or of a dict; two items of one rank are not such a pair."""
    if isinstance(item, Mapping):
        return images_in(item, name)
    if not isinstance(item, list | tuple) or (item and all(map(is_pil, item))):
        return item
    ranks = [3 if is_pil(part) else getattr(part, "ndim", 0) for part in item]
    if not ranks or ranks[0] < 2 or ranks[0] in ranks[1:]:
        raise ContentError(f"{name}: a {type(item).__name__} of {len(item)}: needed images, or (images, labels)")
    return item[0]


def images_in(record: Mapping[Any, Any], name: str) -> Any:
    """What a dict has under one of `IMAGE_KEYS`."""
    key = next((key for key in IMAGE_KEYS if key in record), None)
    if key is None:
        keys = ", ".join(map(str, record)) or "nothing"
        raise ContentError(f"{name}: found a dict of {keys}, needed images under one of {', '.join(IMAGE_KEYS)}")
    return record[key]


def is_pil(item: Any) -> "TypeGuard[Image]":
    """Whether it is an image of Pillow's, without loading Pillow."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(item, pillow.Image)


def _is_iterable(source: Any) -> bool:
    return hasattr(source, "__iter__") or (hasattr(source, "__getitem__") and hasattr(source, "__len__"))


def _takes_a_number(function: Callable[..., Any], name: str) -> bool:
    """Whether to call it with a batch size (one positional argument) or with nothing."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in, without a signature
        return True
    positional = [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
    required = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(required) > 1 or any(p.kind is p.KEYWORD_ONLY for p in required):
        raise UsageError(f"{name}: needs {', '.join(p.name for p in required)}: a source takes n, or nothing")
    return bool(required) or (bool(positional) and not inspect.isgeneratorfunction(function))


def _sampler(module: "torch.nn.Module", latent: int | tuple[int, ...], seed: int) -> Callable[[int], Any]:
    import torch

    from ganeval.runtime.devices import borrowed

    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (latent,) if isinstance(latent, int) else tuple(latent)
    like = next(
        itertools.chain(module.parameters(), module.buffers()), torch.empty(0, dtype=torch.float32, device="cpu")
    )

    def draw(number: int) -> Any:
        latents = torch.stack(
            [torch.randn(shape, generator=generator, dtype=torch.float32, device="cpu") for _ in range(number)]
        )
        with torch.no_grad(), borrowed(module) as network:
            return network(latents.to(like.device, like.dtype if like.is_floating_point() else None))

    return draw
