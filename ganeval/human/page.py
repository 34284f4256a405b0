"""The test on one page: plan, images, style and script in one HTML file that loads nothing."""

import base64
import hashlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader

from ganeval.errors import GanevalWarning, UsageError
from ganeval.human.answers import FORMAT
from ganeval.human.image_format import ImageFormat, Pixels, common_format, convert, uncompressed_png
from ganeval.human.images import ImageSubset, random_subset
from ganeval.human.plan import HumanTestPlan
from ganeval.progress import Tick, silent
from ganeval.runtime.files import check_page, write_text
from ganeval.sources.opening import NAMES, Opening
from ganeval.version import __version__

TITLE = "Real or fake?"
MAX_IMAGES, MAX_SECONDS = 1_000, 60


@dataclass(frozen=True)
class HumanTestOptions:
    """The options of a test; the flags of `ganeval human page` by the same names.

    `seed` chooses the images and their order; `draw_seed`, `limit` and `ref_n` say what they are chosen from, as
    `--seed`, `-n` and `--ref-n` of `ganeval score` do.
    """

    n: int = 40
    seconds: float = 1.0
    size: int = 256
    seed: int = 2020
    limit: int | None = None
    ref_n: int | None = None
    draw_seed: int = 2020
    title: str = TITLE
    device: str = "cpu"
    data_root: Path | None = None
    offline: bool = False

    def check(self) -> None:
        """UsageError for options without a meaning."""
        if not 2 <= self.n <= MAX_IMAGES or self.n % 2:
            raise UsageError(f"-n: found {self.n}, needed an even number from 2 to {MAX_IMAGES:,}: half are real")
        if not math.isfinite(self.seconds) or not 0 <= self.seconds <= MAX_SECONDS:
            raise UsageError(f"--seconds: found {self.seconds:g}, needed 0 (until answered) to {MAX_SECONDS}")
        for flag, seed in (("--seed", self.seed), ("--draw-seed", self.draw_seed)):
            if not 0 <= seed < 2**32:
                raise UsageError(f"{flag}: found {seed}, needed 0 to {2**32 - 1}")

    def opening(self, source: str, count: int | None) -> Opening:
        """How to open a source: with `count` images; a generator makes what the test needs by default."""
        if count is None and _is_generator(source):
            count = self.n // 2
        return Opening(self.data_root, self.offline, count, self.draw_seed, device=self.device)


def make_page(
    samples: str,
    reference: str,
    path: Path,
    options: HumanTestOptions = HumanTestOptions(),
    tick: Tick = silent,
) -> HumanTestPlan:
    """Write the test to `path` and give its plan; equal options and sets make equal files.

    Raises UsageError for options without a meaning, ContentError for sets that cannot be read or have too few images.
    """
    options.check()
    check_page("-o", path)
    random, half = np.random.RandomState(options.seed), options.n // 2
    fakes = random_subset(samples, half, random, options.opening(samples, options.limit), tick)
    reals = random_subset(reference, half, random, options.opening(reference, options.ref_n), tick)
    images = [*fakes.images, *reals.images]
    form = common_format(images, options.size)
    for text in _warnings(fakes, reals, form):
        warnings.warn(text, GanevalWarning, 2)
    files = [uncompressed_png(convert(pixels, form)) for pixels in images]
    plan = HumanTestPlan(
        pictures=options.n,
        seconds=options.seconds,
        seed=options.seed,
        width=form.width,
        height=form.height,
        samples=fakes.identity,
        reference=reals.identity,
        shown=hashlib.sha256(b"".join(files)).hexdigest(),
    )
    write_text("-o", path, page_html(plan, files, form, options.title))
    return plan


def page_html(plan: HumanTestPlan, files: Sequence[bytes], form: ImageFormat, title: str) -> str:
    """The page's text; `files` are PNGs, samples first."""
    environment = Environment(loader=PackageLoader("ganeval.human", ""), autoescape=True, trim_blocks=True)
    images = [base64.b64encode(files[number]).decode("ascii") for number in plan.order()]
    test = {"ganeval_human": FORMAT, "test": plan.to_dict(), "pictures": images}
    template = environment.get_template("page.html.j2")
    return template.render(data=test, title=title, plan=plan, form=form, version=__version__)


def _is_generator(source: str) -> bool:
    """Whether a source is `module:function`, which has no end of its own.

    >>> [_is_generator(source) for source in ("my.module:generate", "digits:test", "out/")]
    [True, False, False]
    """
    name = source.partition(":")[0]
    return ":" in source and "/" not in source and name not in NAMES and not Path(source).exists()


def _warnings(fakes: ImageSubset, reals: ImageSubset, form: ImageFormat) -> list[str]:
    """Warnings about the images; the page states the same, but not of which set."""
    texts = []
    if fakes.identity.fingerprint == reals.identity.fingerprint:
        texts.append(f"{fakes.identity.name} and {reals.identity.name} are the same images: this test measures chance")
    if form.cropped:
        texts.append("the images differ in their proportions: all are cropped to their central square")
    size, other = _sizes(fakes.images), _sizes(reals.images)
    common = f"{form.width} x {form.height}"
    if size != other:
        texts.append(
            f"{fakes.identity.name} is {size} and {reals.identity.name} {other}: "
            f"all are shown at {common}, and people may see which were reduced"
        )
    elif size != common:
        texts.append(f"images of {size} are shown at {common}, which hides flaws; see --size")
    return texts


def _sizes(images: Sequence[Pixels]) -> str:
    sizes = sorted({(image.shape[2], image.shape[1]) for image in images})
    return f"{sizes[0][0]} x {sizes[0][1]}" if len(sizes) == 1 else f"of {len(sizes)} sizes"
