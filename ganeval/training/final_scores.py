"""From a trained model to its reports: samples of the best and the last checkpoint, scored on the test split."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganeval.errors import GanevalWarning
from ganeval.evaluation.gallery import FILE as GALLERY
from ganeval.evaluation.scorer import Scorer
from ganeval.media.base import SampleSet
from ganeval.progress import Tick
from ganeval.reports.report import Report, Score, load_report
from ganeval.reports.run_folders import REPORTS, log_of
from ganeval.runtime.files import replacing
from ganeval.training.data.domains import Domains
from ganeval.training.diagnosis.verdicts import Verdict, verdicts
from ganeval.training.export import DIRECTIONS, write_npz
from ganeval.training.insight.activation import default_layer, path_of, write_activation
from ganeval.training.insight.interpolation import FILE as INTERPOLATION
from ganeval.training.insight.interpolation import write_interpolation
from ganeval.training.insight.stored_arrays import FOLDER, GALLERY_BACK, forget_best
from ganeval.training.model_scores import conditional_scores, cycle_l1, intra_class_recall, judge_of, labels_kept, psnr
from ganeval.training.run import Prepared
from ganeval.training.run_request import RunRequest
from ganeval.training.samples import SEED, as_set, from_noise, sampler_of, scored_count, translated
from reference_models import Divergence, Outcome
from reference_models.configuration.config import with_current_names


def show_learned(prepared: Prepared, *, anew: bool) -> None:
    """Write what the best averaged generator makes of latents in between, and what excites its middle layer.

    `anew`: what was made while it trained, of an earlier best, goes. A translator has no latents to go between, and
    layers for points nothing to see.
    """
    run, sampler = prepared.order.folder, sampler_of(prepared)
    if anew:
        forget_best(run)
    if prepared.domains is None and not (run / FOLDER / INTERPOLATION).is_file():
        write_interpolation(run, sampler)
    if not prepared.config.is_vector and not path_of(run, default_layer(sampler)).is_file():
        given = prepared.domains.a.test.pixels if prepared.domains else None
        write_activation(run, sampler, given=given)


def show_samples(prepared: Prepared, tick: Tick) -> None:
    """Write the galleries of a run that an earlier version scored; its report stays as it is."""
    run, domains = prepared.order.folder, prepared.domains
    names = () if prepared.config.is_vector else (GALLERY, GALLERY_BACK) if domains else (GALLERY,)
    if all((run / name).is_file() for name in names):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)  # said when it was scored
        if domains is None:
            sets = [from_noise(prepared, tick)]
        else:
            sets = [translated(prepared, domains, direction, tick) for direction in DIRECTIONS]
        for drawn in sets:
            replace(drawn, scorer=drawn.scorer.only("fid")).report()


@dataclass(frozen=True)
class FinishedRun:
    """A run as the table shows it: its reports (CycleGAN has two), or why there is none."""

    order: RunRequest
    reports: tuple[Report, ...]
    verdicts: tuple[Verdict, ...]
    outcome: Mapping[str, Any]


def finish(prepared: Prepared, outcome: Outcome, tick: Tick) -> FinishedRun:
    """Score a trained run and write its report; what was scored before by the same order is read again.

    Without an extractor, or a check before it diverged, there is no report, but what its losses tell.
    """
    order = prepared.order
    losses, checks, divergence = logged(order.folder)
    found = tuple(verdicts(losses, checks, divergence=divergence, loss=prepared.config.loss, best_step=_best(outcome)))
    facts = facts_of(prepared, outcome, found, checks)
    if outcome.best is None:
        return FinishedRun(order, (), found, facts)
    reports = known_reports(order.folder, facts) if prepared.scored else None
    show_learned(prepared, anew=reports is None)
    if not prepared.scored:
        return FinishedRun(order, (), found, facts)
    if reports is None:
        domains = prepared.domains
        scoring = _translations(prepared, domains, tick) if domains else _samples(prepared, tick)
        reports = tuple(replace(one, more={**one.more, "training": facts}) for one in scoring)
        for name, report in reversed(list(zip(REPORTS, reports, strict=False))):  # report.json marks the end
            with replacing(order.folder / name) as partial:
                partial.write_text(report.to_json() + "\n", encoding="utf-8")
    show_samples(prepared, tick)
    return FinishedRun(order, reports, found, facts)


def logged(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Divergence | None]:
    """The losses, the checks, and the divergence that a run's log tells."""
    losses: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    divergence = None
    for record in log_of(folder):
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
        "ranks": outcome.ranks,
        "selection_fid": selected,
        "verdicts": [{"name": verdict.name, "sentence": verdict.sentence} for verdict in found],
        "yardstick": "doing nothing" if prepared.domains else "noise",
    }


def known_reports(folder: Path, facts: Mapping[str, Any]) -> tuple[Report, ...] | None:
    """The reports of before, if they are of the same training, extractor and number of images."""
    if not (folder / "report.json").is_file():
        return None
    reports = tuple(load_report(folder / name) for name in REPORTS if (folder / name).is_file())
    same = ("data_sha256", "config", "extractor", "count", "steps", "best_step")
    before = reports[0].more.get("training", {})
    before = {**before, "config": with_current_names(before.get("config", {}))}
    return reports if all(before.get(key) == facts[key] for key in same) else None


def _best(outcome: Outcome) -> int | None:
    return None if outcome.best is None else int(outcome.best["step"])


def _samples(prepared: Prepared, tick: Tick) -> Iterator[Report]:
    """The report of samples from noise: the best averaged generator, with the others' FID beside it."""
    drawn, material = from_noise(prepared, tick), prepared.material
    report = drawn.report()
    extra = _other_checkpoints(prepared, drawn.scorer, lambda sampler: sampler.draw(len(drawn.pixels), SEED)[0])
    if drawn.labels is not None and isinstance(drawn.samples, SampleSet):
        test, train = material.test.images(), material.train.images()
        judge = judge_of(prepared.how, material.classes)
        extra |= conditional_scores(drawn.samples, test, train, tick, judge=judge)
        if prepared.how is not None:
            extra |= intra_class_recall(material.test, drawn.pixels, drawn.labels, prepared.how)
    yield replace(report, scores={**report.scores, **extra})


def _translations(prepared: Prepared, domains: Domains, tick: Tick) -> Iterator[Report]:
    """The reports of both directions, on all test pictures."""
    for forth, back in (("ab", "ba"), ("ba", "ab")):
        source, target = (domains.a, domains.b) if forth == "ab" else (domains.b, domains.a)
        drawn = translated(prepared, domains, forth, tick)
        scorer, made, pixels = drawn.scorer, drawn.pixels, source.test.pixels
        report = drawn.report()
        extra = _other_checkpoints(prepared, scorer, lambda sampler, x=pixels: sampler.translate(x), forth)
        if forth == "ab":
            write_npz(prepared.order.folder / "samples.npz", made, source.test.labels)
        extra["cycle_l1"] = cycle_l1(pixels, sampler_of(prepared, direction=back).translate(made))
        if domains.truth and source.test.labels is not None and isinstance(drawn.samples, SampleSet):
            extra |= labels_kept(drawn.samples, target.train.images(), tick)
        if domains.truth:
            extra["psnr"] = psnr(target.test.pixels, made)
        nothing = scorer.score(source.test.images(), "doing nothing")
        extra["fid_nothing"] = nothing.scores["fid"]
        extra["fid_real"] = scorer.only("fid").score(target.train.images(), "real (train)").scores["fid"]
        if domains.truth:
            extra["psnr_nothing"] = psnr(target.test.pixels, source.test.pixels)
        yield replace(report, scores={**report.scores, **extra})


def _other_checkpoints(prepared: Prepared, scorer: Scorer, make: Any, direction: str = "ab") -> dict[str, Score]:
    """The FID of the last checkpoint and of raw weights: `fid_last`, `fid_raw` (of the best), `fid_last_raw`."""
    chosen = {"fid_last": ("last", False), "fid_raw": ("best", True), "fid_last_raw": ("last", True)}
    found = {}
    light = scorer.only("fid")
    for name, (checkpoint, raw) in chosen.items():
        made = make(sampler_of(prepared, checkpoint, raw=raw, direction=direction))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GanevalWarning)  # said once, of the best
            found[name] = light.score(as_set(prepared.order, made, None, None), name).scores["fid"]
    return found
