"""The test on one page: plan, pictures, style and script in one HTML file that asks nothing of the network."""

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
from ganeval.human.image_format import Form, Pixels, common_form, png, shaped
from ganeval.human.pictures import Drawn, draw_pictures
from ganeval.human.plan import Plan
from ganeval.progress import Tick, silent
from ganeval.runtime.files import check_page, write_text
from ganeval.sources.opening import NAMES, Opening
from ganeval.version import __version__

TITLE = "Real or fake?"
MOST_PICTURES, MOST_SECONDS = 1_000, 60
TALLY_FORMAT = 1


@dataclass(frozen=True)
class Wish:
    """What can be asked of a test; the flags of `ganeval human page` by the same names.

    `seed` draws the pictures and their order; `draw_seed`, `limit` and `ref_n` say what they are drawn from, as
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

    def opening(self, count: int | None) -> Opening:
        """What opening a set needs of these wishes."""
        return Opening(self.data_root, self.offline, count, self.draw_seed, pictures=True, device=self.device)


def make_page(samples: str, reference: str, path: Path, wish: Wish = Wish(), tick: Tick = silent) -> Plan:
    """Write the test to `path` and give its plan; the same wishes and sets make the same file.

    Raises UsageError for what cannot be meant, ContentError for sets that cannot be read or have too few pictures.
    """
    _check(wish)
    check_page("-o", path)
    random, half = np.random.RandomState(wish.seed), wish.n // 2
    fakes = draw_pictures(samples, half, random, wish.opening(_count(samples, wish.limit, half)), tick)
    reals = draw_pictures(reference, half, random, wish.opening(_count(reference, wish.ref_n, half)), tick)
    form = common_form([*fakes.pictures, *reals.pictures], wish.size)
    for text in _warnings(fakes, reals, form):
        warnings.warn(text, GanevalWarning, 2)
    files = [png(shaped(pixels, form)) for pixels in [*fakes.pictures, *reals.pictures]]
    shown = hashlib.sha256(b"".join(files)).hexdigest()
    plan = Plan(wish.n, wish.seconds, wish.seed, form.width, form.height, fakes.side, reals.side, shown)
    write_text("-o", path, page(plan, files, form, wish.title))
    return plan


def page(plan: Plan, files: Sequence[bytes], form: Form, title: str) -> str:
    """The page's text; `files` are PNGs, samples first."""
    environment = Environment(loader=PackageLoader("ganeval.human", ""), autoescape=True, trim_blocks=True)
    pictures = [base64.b64encode(files[number]).decode("ascii") for number in plan.order()]
    test = {"ganeval_human": TALLY_FORMAT, "test": plan.to_dict(), "pictures": pictures}
    words = {"title": title, "plan": plan, "form": form, "version": __version__, "times": _times(plan.seconds)}
    return environment.get_template("page.html.j2").render(data=test, **words)


def _times(seconds: float) -> str:
    """How long, in words.

    >>> _times(1.0), _times(0.25), _times(2.0)
    ('1 second', '0.25 seconds', '2 seconds')
    """
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def _count(source: str, asked: int | None, half: int) -> int | None:
    """How many a set is to have: as asked; a generator, which has no end, makes what the test needs.

    >>> _count("my.module:generate", None, 20), _count("digits:test", None, 20), _count("out/", 500, 20)
    (20, None, 500)
    """
    name = source.partition(":")[0]
    generator = ":" in source and "/" not in source and name not in NAMES and not Path(source).exists()
    return half if asked is None and generator else asked


def _check(wish: Wish) -> None:
    if not 2 <= wish.n <= MOST_PICTURES or wish.n % 2:
        raise UsageError(f"-n: found {wish.n}, needed an even number from 2 to {MOST_PICTURES:,}: half are real")
    if not math.isfinite(wish.seconds) or not 0 <= wish.seconds <= MOST_SECONDS:
        raise UsageError(f"--seconds: found {wish.seconds:g}, needed 0 (until answered) to {MOST_SECONDS}")
    for flag, seed in (("--seed", wish.seed), ("--draw-seed", wish.draw_seed)):
        if not 0 <= seed < 2**32:
            raise UsageError(f"{flag}: found {seed}, needed 0 to {2**32 - 1}")


def _warnings(fakes: Drawn, reals: Drawn, form: Form) -> list[str]:
    """What the maker of a test should know of its pictures; the page says the same, but not which set it is of."""
    found = []
    if fakes.side.fingerprint == reals.side.fingerprint:
        found.append(f"{fakes.side.name} and {reals.side.name} are the same pictures: this test measures chance")
    if form.cropped:
        found.append("the pictures differ in their proportions: all are cut to their central square")
    sizes = [_sizes(one.pictures) for one in (fakes, reals)]
    if sizes[0] != sizes[1]:
        found.append(
            f"{fakes.side.name} is {sizes[0]} and {reals.side.name} {sizes[1]}: "
            f"all are shown at {form.width} x {form.height}, and people may see which were reduced"
        )
    elif sizes[0] != f"{form.width} x {form.height}":
        found.append(f"pictures of {sizes[0]} are shown at {form.width} x {form.height}, which hides flaws; see --size")
    return found


def _sizes(pictures: Sequence[Pixels]) -> str:
    sizes = sorted({(picture.shape[2], picture.shape[1]) for picture in pictures})
    return f"{sizes[0][0]} x {sizes[0][1]}" if len(sizes) == 1 else f"of {len(sizes)} sizes"
