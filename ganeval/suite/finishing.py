"""From a trained model to its reports: samples of the best and the last checkpoint, scored on the test split."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganeval.datasets import is_dataset
from ganeval.errors import GanevalWarning
from ganeval.evaluation import Scorer
from ganeval.files import replacing
from ganeval.images import Images, array_images
from ganeval.metrics import fewest
from ganeval.mixtures import is_mixture, points_of
from ganeval.progress import Tick
from ganeval.report import Report, Score, load_report
from ganeval.statistics import Statistics
from ganeval.suite.domains import Domains
from ganeval.suite.material import Split
from ganeval.suite.orders import Order
from ganeval.suite.running import Prepared, settings_of
from ganeval.suite.sampling import write_npz
from ganeval.suite.scores import conditional_scores, cycle_l1, intra_class_recall, judge_of, labels_kept, psnr
from ganeval.suite.verdicts import Verdict, verdicts
from reference_models import Divergence, Outcome, Sampler, load_sampler

SEED = 2020
MOST = 10_000  # images that are scored where nobody says how many
PUBLISHED = {"ring8": 2_500, "grid25": 2_500, "stacked-digits": 26_000, "stacked-mnist": 26_000}  # of mode counts
BACK = "report-back.json"  # CycleGAN's other direction
Pictures = Images | Statistics


@dataclass(frozen=True)
class Finished:
    """A run as the table shows it: its reports (CycleGAN has two), or why there is none."""

    order: Order
    reports: tuple[Report, ...]
    verdicts: tuple[Verdict, ...]
    outcome: Mapping[str, Any]


def scored_count(order: Order, train: Split) -> int:
    """How many images of each model, of real pictures and of noise are scored."""
    return order.count or min(len(train), PUBLISHED.get(order.source.partition(":")[0], MOST))


def reference_of(order: Order, test: Split) -> Any:
    """The reference of a report: the test split of a named data set as anyone can open it, else the pictures."""
    base = order.source.partition(":")[0]
    if order.size is None and (is_dataset(base) or is_mixture(base)):
        return f"{base}:test"
    return test.images() if test.pixels.ndim == 4 else points_of(test.pixels, test.name)


def scorer_of(order: Order, reference: Any, count: int, tick: Tick, *, without: Sequence[str] = ()) -> Scorer:
    """What scores an order's samples, by the metrics for which the smaller set has enough pictures.

    The others are left out with a warning: nobody asked for them by name.
    """
    settings = settings_of(order)
    if isinstance(reference, Statistics):  # a user's own points, which say themselves what their features are
        settings = replace(settings, extractor="auto")
    scorer = Scorer(reference, settings, tick)
    few = [name for name in scorer.families if fewest(name) > count]
    if few:
        text = f"{', '.join(few)} left out: {count} pictures are scored or scored against, needed {fewest(few[0])}"
        warnings.warn(text, GanevalWarning, 2)
    scorer.families = [name for name in scorer.families if name not in (*few, *without)]
    return scorer


def finish(prepared: Prepared, outcome: Outcome, tick: Tick) -> Finished:
    """Score a trained run and write its report; what was scored before by the same order is read again.

    Without an extractor, or a check before it diverged, there is no report, but what its losses tell.
    """
    order = prepared.order
    losses, checks, divergence = logged(order.folder)
    found = tuple(verdicts(losses, checks, divergence=divergence, loss=prepared.config.loss, best_step=_best(outcome)))
    facts = facts_of(prepared, outcome, found, checks)
    if outcome.best is None or not prepared.scored:
        return Finished(order, (), found, facts)
    reports = known_reports(order.folder, facts)
    if reports is None:
        scoring = _translations(prepared, tick) if prepared.domains else _samples(prepared, tick)
        names = ("report.json", BACK)
        reports = tuple(replace(one, more={**one.more, "training": facts}) for one in scoring)
        for name, report in reversed(list(zip(names, reports, strict=False))):  # report.json marks the end
            with replacing(order.folder / name) as partial:
                partial.write_text(report.to_json() + "\n", encoding="utf-8")
    return Finished(order, reports, found, facts)


def logged(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Divergence | None]:
    """The losses, the checks, and the divergence that a run's log tells."""
    losses: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    divergence = None
    for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if "check" in record:
            checks.append({"step": record["step"], **record["check"]})
        elif "diverged" in record:
            divergence = Divergence(record["step"], record["diverged"], record["last_good"])
        else:
            losses.append(record)
    return losses, checks, divergence


def facts_of(
    prepared: Prepared, outcome: Outcome, found: tuple[Verdict, ...], checks: list[dict[str, Any]]
) -> dict[str, Any]:
    """What a report says of the training behind it."""
    selected = {str(check["step"]): check["fid"] for check in checks if check.get("fid") is not None}
    return {
        "model": prepared.config.model,
        "data": prepared.order.source,
        "data_sha256": prepared.fingerprint,
        "config": prepared.config.to_dict(),
        "extractor": prepared.judge,
        "count": scored_count(prepared.order, prepared.material.train),
        "steps": outcome.step,
        "best_step": _best(outcome),
        "seconds": round(outcome.seconds, 1),
        "selection_fid": selected,
        "verdicts": [{"name": verdict.name, "sentence": verdict.sentence} for verdict in found],
        "yardstick": "doing nothing" if prepared.domains else "noise",
    }


def known_reports(folder: Path, facts: Mapping[str, Any]) -> tuple[Report, ...] | None:
    """The reports of before, if they are of the same training, extractor and number of images."""
    if not (folder / "report.json").is_file():
        return None
    reports = tuple(load_report(folder / name) for name in ("report.json", BACK) if (folder / name).is_file())
    same = ("data_sha256", "config", "extractor", "count", "steps", "best_step")
    before = reports[0].more.get("training", {})
    return reports if all(before.get(key) == facts[key] for key in same) else None


def _best(outcome: Outcome) -> int | None:
    return None if outcome.best is None else int(outcome.best["step"])


def _samples(prepared: Prepared, tick: Tick) -> Iterator[Report]:
    """The report of samples from noise: the best averaged generator, with the others' FID beside it."""
    order, material = prepared.order, prepared.material
    count = scored_count(order, material.train)
    scorer = scorer_of(order, reference_of(order, material.test), min(count, len(material.test)), tick)
    pixels, labels = _sampler(prepared, "best", False).draw(count, SEED)
    samples = _as_set(order, pixels, labels, material.classes)
    report = scorer.score(samples, order.name)
    extra = _other_checkpoints(prepared, scorer, lambda sampler: sampler.draw(count, SEED)[0])
    if labels is not None and isinstance(samples, Images):
        test, train = material.test.images(), material.train.images()
        judge = judge_of(prepared.how, material.classes)
        extra |= conditional_scores(samples, test, train, tick, judge=judge)
        if prepared.how is not None:
            extra |= intra_class_recall(material.test, pixels, labels, prepared.how)
    yield replace(report, scores={**report.scores, **extra})


def _translations(prepared: Prepared, tick: Tick) -> Iterator[Report]:
    """The reports of both directions, on all test pictures."""
    domains = prepared.domains
    if domains is None:
        return
    pairs = {"ab": (domains.a, domains.b), "ba": (domains.b, domains.a)}
    for forth, back in (("ab", "ba"), ("ba", "ab")):
        source, target = pairs[forth]
        fewer = min(len(source.test), len(target.test))
        reference = _domain_reference(target.test, domains, forth)
        scorer = scorer_of(prepared.order, reference, fewer, tick, without=("is",))  # it knows no outlines
        pixels = source.test.pixels
        made = _sampler(prepared, "best", False, forth).translate(pixels)
        samples = array_images(made, str(prepared.order.folder), labels=source.test.labels, classes=source.classes)
        report = scorer.score(samples, f"{prepared.order.name} {_arrow(prepared, forth)}")
        extra = _other_checkpoints(prepared, scorer, lambda sampler, x=pixels: sampler.translate(x), forth)
        if forth == "ab":
            write_npz(prepared.order.folder / "samples.npz", made, source.test.labels)
        extra["cycle_l1"] = cycle_l1(pixels, _sampler(prepared, "best", False, back).translate(made))
        if domains.truth and source.test.labels is not None:
            extra |= labels_kept(samples, target.train.images(), tick)
        if domains.truth:
            extra["psnr"] = psnr(target.test.pixels, made)
        nothing = scorer.score(source.test.images(), "doing nothing")
        extra["fid_nothing"] = nothing.scores["fid"]
        extra["fid_real"] = scorer.only("fid").score(target.train.images(), "real (train)").scores["fid"]
        if domains.truth:
            extra["psnr_nothing"] = psnr(target.test.pixels, source.test.pixels)
        yield replace(report, scores={**report.scores, **extra})


def _domain_reference(test: Split, domains: Domains, direction: str) -> Images:
    """The test pictures of the domain that a direction leads to.

    Outlines are no class that a classifier of pictures knows: theirs go by other names, so that modes are voted on.
    """
    images = test.images()
    if domains.truth and direction == "ab" and images.classes is not None:
        images.classes = tuple(f"{domains.names[1]} of {name}" for name in images.classes)
    return images


def _arrow(prepared: Prepared, direction: str) -> str:
    names = prepared.domains.names if prepared.domains else ("a", "b")
    first, second = names if direction == "ab" else names[::-1]
    return f"{first}→{second}"


def _other_checkpoints(prepared: Prepared, scorer: Scorer, make: Any, direction: str = "ab") -> dict[str, Score]:
    """The FID of the last checkpoint and of raw weights: `fid_last`, `fid_raw` (of the best), `fid_last_raw`."""
    chosen = {"fid_last": ("last", False), "fid_raw": ("best", True), "fid_last_raw": ("last", True)}
    found = {}
    light = scorer.only("fid")
    for name, (checkpoint, raw) in chosen.items():
        made = make(_sampler(prepared, checkpoint, raw, direction))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GanevalWarning)  # said once, of the best
            found[name] = light.score(_as_set(prepared.order, made, None, None), name).scores["fid"]
    return found


def _sampler(prepared: Prepared, checkpoint: str, raw: bool, direction: str = "ab") -> Sampler:
    device = str(prepared.device)
    return load_sampler(prepared.order.folder, checkpoint=checkpoint, raw=raw, direction=direction, device=device)


def _as_set(
    order: Order, pixels: torch.Tensor, labels: torch.Tensor | None, classes: tuple[str, ...] | None
) -> Pictures:
    """Samples as they are scored: pictures, or points as an array."""
    if pixels.ndim == 2:
        return points_of(pixels, str(order.folder))
    return array_images(pixels, str(order.folder), labels=labels, classes=classes if labels is not None else None)
