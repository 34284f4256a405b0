"""What tests of the real-or-fake test share: sets that differ in brightness, and answers as a browser saves them."""

import base64
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganeval.human.page import HumanTestOptions, make_page
from ganeval.human.plan import HumanTestPlan, SetIdentity
from ganeval.reports.report import ImageSet, Protocol, Report, Score


def write_sets(folder: Path, count: int = 30, size: int = 8) -> tuple[str, str]:
    """Samples darker than half, reals lighter: an image itself shows which set it is of."""
    random = np.random.RandomState(0)
    paths = folder / "dark.npz", folder / "light.npz"
    for path, low, high in zip(paths, (0, 150), (100, 256), strict=True):
        np.savez(path, random.randint(low, high, (count, size, size, 3), np.uint8))
    return str(paths[0]), str(paths[1])


def write_test(folder: Path, **options: Any) -> tuple[Path, HumanTestPlan]:
    """A small test of those sets: the page and its plan."""
    path = folder / "test.html"
    return path, make_page(*write_sets(folder), path, HumanTestOptions(**{"n": 8, **options}))


def data_in(page: Path) -> dict[str, Any]:
    """What a page holds for its script."""
    (text,) = re.findall(
        r'<script type="application/json" id="test">(.*?)</script>', page.read_text("utf-8"), re.DOTALL
    )
    return json.loads(text)


def images_in(page: Path) -> list[bytes]:
    """The PNG files in a page, in their order."""
    return [base64.b64decode(one, validate=True) for one in data_in(page)["pictures"]]


def is_light(png: bytes) -> bool:
    """Whether an image is one of `write_sets`' reals."""
    return float(np.asarray(Image.open(io.BytesIO(png))).mean()) > 128


def answers_of(
    plan: HumanTestPlan, answers: list[str], who: str = "", times: list[float] | None = None
) -> dict[str, Any]:
    """What the page saves for a person."""
    each = zip(answers, times or [500.0] * len(answers), strict=True)
    given = [{"answer": answer, "ms": time, "looks": 1} for answer, time in each]
    begun = {"begun": "2026-01-31T12:00:00.000Z", "finished": "2026-01-31T12:01:00.000Z"}
    return {
        "ganeval_human": 1,
        "test": plan.to_dict(),
        "sitting": f"sitting of {who}",
        "who": who,
        **begun,
        "answers": given,
    }


def write_answers(
    path: Path, plan: HumanTestPlan, answers: list[str], who: str = "", times: list[float] | None = None
) -> Path:
    """A file of answers."""
    path.write_text(json.dumps(answers_of(plan, answers, who, times)), encoding="utf-8")
    return path


def right(plan: HumanTestPlan) -> list[str]:
    """The answers of somebody who is never wrong."""
    return ["real" if real else "fake" for real in plan.truth()]


def with_errors(plan: HumanTestPlan, fakes: int, reals: int) -> list[str]:
    """The answers of somebody who takes so many fakes for real, and so many reals for fake."""
    left = {False: fakes, True: reals}
    answers = []
    for real in plan.truth():
        wrong = left[real] > 0
        left[real] -= 1
        answers.append("real" if real != wrong else "fake")
    return answers


SET = SetIdentity("a", 10, "sha256:aa")
PLAN = HumanTestPlan(8, 1.0, 2020, 8, 8, SET, SetIdentity("b", 20, "sha256:bb"), "cc")


def wilson(wrong: int, answers: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval by hand: the roots of (p - share)² = z² p (1 - p) / n."""
    share = wrong / answers
    centre = (share + z * z / (2 * answers)) / (1 + z * z / answers)
    half = z / (1 + z * z / answers) * math.sqrt(share * (1 - share) / answers + z * z / (4 * answers**2))
    return centre - half, centre + half


def report_on(samples: SetIdentity = PLAN.samples, reference: SetIdentity = PLAN.reference) -> Report:
    """A report on the sets of the plan, with what a later version may have added."""
    sets = [ImageSet(side.name, side.name, side.count, side.fingerprint) for side in (samples, reference)]
    how = Protocol(
        "tf1", "digits", "features", "published", "ab", "tf1-bilinear", more={"of a later version": [1, 2.50]}
    )
    return Report(
        "0.1.0", "2026-01-31T12:00:00Z", *sets, how, {"fid": Score(1.5, "lower")}, more={"training": {"ü": None}}
    )
