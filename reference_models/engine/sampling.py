"""Samples of a trained generator: seeded, in `eval()` mode, and equal whatever number is asked for at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reference_models.configuration.config import Config, ConfigError
from reference_models.engine.checkpoint import CheckpointError, load, load_into, strip_prefix
from reference_models.engine.data import to_pixels, to_signed
from reference_models.engine.precision import plain_defaults
from reference_models.engine.randomness import generator
from reference_models.models import build

BLOCK = 100  # samples are always generated so many at a time, as rounding depends on it


@dataclass(frozen=True)
class Sampler:
    """A generator from noise (`draw`) or from images (`translate`). While it samples it is in `eval()` mode.

    CheckpointError, with the `name` of its checkpoint, for samples that are not finite: they would become black.
    """

    network: nn.Module
    config: Config
    class_counts: Sequence[int] | None = None
    translates: bool = False
    name: str = "the generator"

    @plain_defaults()
    def draw(self, count: int, seed: int) -> tuple[Tensor, Tensor | None]:
        """`count` samples, uint8 (N, C, H, W) or float vectors (N, D), and their classes where conditional.

        The first samples of a longer draw are those of a shorter one. ValueError for none.

        >>> config = Config("vanilla", net="mlp", norm_d="none", width=4)
        >>> Sampler(build(config).network("g"), config).draw(3, seed=0)[0].shape
        torch.Size([3, 1, 8, 8])
        """
        if count < 1:
            raise ValueError(f"samples: found a count of {count}, needed at least 1")
        blocks = list(self.blocks(count, seed))
        labels = [label for _, label in blocks if label is not None]
        return torch.cat([images for images, _ in blocks]), torch.cat(labels) if labels else None

    def blocks(self, count: int, seed: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """The same as `draw`, at most `BLOCK` at a time."""
        for number, start in enumerate(range(0, count, BLOCK)):
            z = torch.randn(BLOCK, self.config.latent, generator=generator(seed, number, "sample z"))
            labels = self._labels(seed, number)
            images = self.images(z, labels)[: count - start]
            yield images, None if labels is None else labels[: count - start]

    @torch.inference_mode()
    def images(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """The samples of given latents (N, latent), and classes (N,) where conditional; on the CPU."""
        device = next(self.network.parameters()).device
        condition = () if labels is None else (labels.to(device),)
        with eval_mode(self.network):
            return self._pixels(self.network(z.to(device), *condition))

    @torch.inference_mode()
    def translate(self, images: Tensor) -> Tensor:
        """Images uint8 (N, C, H, W) translated to the other domain, uint8; ValueError for none.

        Each is translated alike whatever its batch: rounding depends on the batch's size, which is always filled up.
        """
        if not len(images):
            raise ValueError("images: found none, needed at least 1")
        device = next(self.network.parameters()).device
        size = min(BLOCK, max(1, 400_000 // images[0].numel()))
        translations = []
        with eval_mode(self.network):
            for part in images.split(size):
                padded = torch.cat([part, part[:1].expand(size - len(part), *part.shape[1:])])
                translations.append(self._pixels(self.network(to_signed(padded.to(device))))[: len(part)])
        return torch.cat(translations)

    def _pixels(self, output: Tensor) -> Tensor:
        if not output.isfinite().all():
            raise CheckpointError(
                f"{self.name}: gives samples that are not finite (nan or inf), as of a training that diverged; "
                "take another checkpoint, or train again"
            )
        return to_pixels(output.float()).cpu()

    def _labels(self, seed: int, number: int) -> Tensor | None:
        """Class labels as often as in the training data; equally often where its counts are not known."""
        if not self.config.classes:
            return None
        shares = torch.ones(self.config.classes)
        if self.class_counts is not None:
            shares[: len(self.class_counts)] = torch.tensor(self.class_counts, dtype=torch.float32)
            shares[len(self.class_counts) :] = 0
        return torch.multinomial(shares, BLOCK, replacement=True, generator=generator(seed, number, "sample classes"))


@contextmanager
def eval_mode(network: nn.Module) -> Iterator[None]:
    """A network in `eval()` mode, and then in the modes that its parts had."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@plain_defaults()
def load_sampler(
    run: Path | str, *, checkpoint: str = "best", raw: bool = False, direction: str = "ab", device: str = "cpu"
) -> Sampler:
    """The sampler of a run folder: its best or last checkpoint, the averaged generator or the `raw` one.

    `direction` chooses between CycleGAN's two translators, other models have one. Raises CheckpointError where there is
    no such checkpoint, or one of networks that this version does not build, and ValueError for another direction.
    """
    stored = load(Path(run) / "checkpoints", checkpoint)
    if stored is None:
        raise CheckpointError(f"{run}: found no {checkpoint} checkpoint (checkpoints are not in git); train it again")
    tensors, document = stored
    try:
        model = build(Config.from_dict(document["config"]))
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{run}: holds no run that can be sampled: {error}") from error
    name = model.generators[0] if len(model.generators) == 1 else direction
    if name not in model.generators:
        raise ValueError(f"direction '{name}': needed {' or '.join(model.generators)}")
    network = model.network(name)
    load_into(network, strip_prefix(tensors, f"{'networks' if raw else 'average'}.{name}."), str(run))
    network.to(device).eval().requires_grad_(False)
    stored_at = str(Path(run) / "checkpoints" / f"{checkpoint}.json")
    return Sampler(network, model.config, document.get("class_counts"), model.translates, stored_at)
