"""From a trained model to its reports: samples of the best and the last checkpoint, scored on the test split."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from ganeval.errors import GanevalWarning
from ganeval.evaluation.gallery import FILE as GALLERY
from ganeval.evaluation.scorer import Scorer
from ganeval.metrics.translation import cycle_l1, psnr
from ganeval.progress import Tick
from ganeval.reports.report import Report, Score, load_report
from ganeval.reports.run_folders import REPORTS, log_of
from ganeval.runtime.files import replacing
from ganeval.training.data.dataset import Split
from ganeval.training.data.domains import DIRECTIONS, FORTH, Direction, Domains
from ganeval.training.diagnosis.verdicts import Verdict, verdicts
from ganeval.training.export import write_npz
from ganeval.training.insight.activation import default_layer, path_of, write_activation
from ganeval.training.insight.interpolation import FILE as INTERPOLATION
from ganeval.training.insight.interpolation import write_interpolation
from ganeval.training.insight.stored_arrays import FOLDER, GALLERY_BACK, delete_insight
from ganeval.training.model_scores import conditional_scores, intra_class_recall, judge_of, labels_kept, score_of
from ganeval.training.run import Prepared, checkpoint_errors
from ganeval.training.run_request import RunRequest
from ganeval.training.samples import SEED, generated, sampler_of, score_final, scored_count, translations
from reference_models import Divergence, Outcome, Sampler
from reference_models.configuration.config import as_of_today


@dataclass(frozen=True)
class FinishedRun:
    """A run as the table shows it: its reports (CycleGAN has two), its verdicts, and the facts of its training."""

    request: RunRequest
    reports: tuple[Report, ...]
    verdicts: tuple[Verdict, ...]
    facts: Mapping[str, Any]


@checkpoint_errors()
def finish(prepared: Prepared, outcome: Outcome, tick: Tick) -> FinishedRun:
    """Score a trained run and write its reports; those of the same request are read again.

    Without an extractor, or a check before it diverged, there is no report, but the verdicts of its losses.
    """
    request, best = prepared.request, outcome.best_step
    losses, checks, divergence = read_log(request.folder)
    loss = prepared.config.loss
    judgement = tuple(verdicts(losses, checks, divergence=divergence, loss=loss, best_step=best))
    facts = facts_of(prepared, outcome, judgement, checks)
    if best is None:
        return FinishedRun(request, (), judgement, facts)
    reports = known_reports(request.folder, facts) if prepared.scored else None
    if reports is None:
        delete_insight(request.folder)  # of an earlier best checkpoint
    write_insight(prepared)
    if not prepared.scored:
        return FinishedRun(request, (), judgement, facts)
    if reports is None:
        domains = prepared.domains
        scoring = _translation_reports(prepared, domains, tick) if domains else _sample_reports(prepared, tick)
        reports = tuple(replace(report, more={**report.more, "training": facts}) for report in scoring)
        for name, report in reversed(list(zip(REPORTS, reports, strict=False))):  # report.json marks the end
            with replacing(request.folder / name) as partial:
                partial.write_text(report.to_json() + "\n", encoding="utf-8")
    write_missing_galleries(prepared, tick)
    return FinishedRun(request, reports, judgement, facts)


def read_log(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Divergence | None]:
    """The losses, the checks, and the divergence in a run's log."""
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
    prepared: Prepared, outcome: Outcome, judgement: tuple[Verdict, ...], checks: list[dict[str, Any]]
) -> dict[str, Any]:
    """The facts of a training that its report keeps."""
    return {
        "model": prepared.config.model,
        "data": prepared.request.source,
        "data_sha256": prepared.fingerprint,
        "config": prepared.config.to_dict(),
        "extractor": prepared.extractor,
        "count": scored_count(prepared.request, prepared.splits.train),
        **outcome.record(),
        "selection_fid": {str(check["step"]): check["fid"] for check in checks if check.get("fid") is not None},
        "verdicts": [{"name": verdict.name, "sentence": verdict.sentence} for verdict in judgement],
        "yardstick": "doing nothing" if prepared.domains else "noise",
    }


def known_reports(folder: Path, facts: Mapping[str, Any]) -> tuple[Report, ...] | None:
    """The reports in a folder, if they are of the same training, extractor and number of images."""
    if not (folder / "report.json").is_file():
        return None
    reports = tuple(load_report(folder / name) for name in REPORTS if (folder / name).is_file())
    before = reports[0].more.get("training", {})
    if not isinstance(before.get("config"), dict):
        return None
    before = {**before, "config": as_of_today(before["config"])}
    same = ("data_sha256", "config", "extractor", "count", "steps", "best_step")
    return reports if all(before.get(key) == facts[key] for key in same) else None


def write_insight(prepared: Prepared) -> None:
    """Write interpolations of the best averaged generator, and the activations of its middle layer, where missing.

    A translator has no latents to interpolate, and a generator of points no maps to look at.
    """
    folder, sampler = prepared.request.folder, sampler_of(prepared)
    if prepared.domains is None and not (folder / FOLDER / INTERPOLATION).is_file():
        write_interpolation(folder, sampler)
    if not prepared.config.is_vector and not path_of(folder, default_layer(sampler)).is_file():
        write_activation(folder, sampler, images=prepared.domains.a.test.pixels if prepared.domains else None)


def write_missing_galleries(prepared: Prepared, tick: Tick) -> None:
    """Write the galleries of a run that an earlier version scored; its report stays as it is."""
    folder, domains = prepared.request.folder, prepared.domains
    names = () if prepared.config.is_vector else (GALLERY, GALLERY_BACK) if domains else (GALLERY,)
    if all((folder / name).is_file() for name in names):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)  # they were given when the run was scored
        if domains is None:
            finals = [generated(prepared, tick)]
        else:
            finals = [translations(prepared, domains, direction, tick) for direction in DIRECTIONS.values()]
        for final in finals:
            score_final(replace(final, scorer=final.scorer.only("fid")))


def _sample_reports(prepared: Prepared, tick: Tick) -> Iterator[Report]:
    """The report of the best averaged generator, with the FID of the other checkpoints beside it."""
    final, splits = generated(prepared, tick), prepared.splits
    report = score_final(final)
    extra = _other_checkpoints(prepared, final.scorer, lambda sampler: sampler.draw(len(final.samples), SEED)[0])
    if final.samples.labels is not None:
        judge = judge_of(prepared.extraction, splits.classes)
        test, train = splits.test.images(), splits.train.images()
        extra |= conditional_scores(final.samples.images(), test, train, tick, judge=judge)
        if prepared.extraction is not None:
            extra |= intra_class_recall(splits.test, final.samples.pixels, final.samples.labels, prepared.extraction)
    yield replace(report, scores={**report.scores, **extra})


def _translation_reports(prepared: Prepared, domains: Domains, tick: Tick) -> Iterator[Report]:
    """The reports of both directions, on all test images."""
    for direction in DIRECTIONS.values():
        source, target = domains.source(direction), domains.target(direction)
        final = translations(prepared, domains, direction, tick)
        report = score_final(final)
        images, scorer = source.test.pixels, final.scorer
        extra = _other_checkpoints(prepared, scorer, partial(Sampler.translate, images=images), direction)
        if direction == FORTH:
            write_npz(prepared.request.folder / "samples.npz", final.samples.pixels, final.samples.labels)
        returned = sampler_of(prepared, direction=direction.back).translate(final.samples.pixels)
        extra["cycle_l1"] = score_of(cycle_l1(images, returned), "lower")
        if domains.truth and final.samples.labels is not None:
            extra |= labels_kept(final.samples.images(), target.train.images(), tick)
        if domains.truth:
            extra["psnr"] = score_of(psnr(target.test.pixels, final.samples.pixels), "higher")
            extra["psnr_nothing"] = score_of(psnr(target.test.pixels, images), "higher")
        extra["fid_nothing"] = scorer.score(source.test.images(), "doing nothing").scores["fid"]
        extra["fid_real"] = scorer.only("fid").score(target.train.images(), "real (train)").scores["fid"]
        yield replace(report, scores={**report.scores, **extra})


def _other_checkpoints(
    prepared: Prepared, scorer: Scorer, sample: Callable[[Sampler], Tensor], direction: Direction = FORTH
) -> dict[str, Score]:
    """The FID of the last checkpoint and of raw weights: `fid_last`, `fid_raw` (of the best), `fid_last_raw`."""
    others = {"fid_last": ("last", False), "fid_raw": ("best", True), "fid_last_raw": ("last", True)}
    scores, fid_scorer = {}, scorer.only("fid")
    for name, (checkpoint, raw) in others.items():
        pixels = sample(sampler_of(prepared, checkpoint, raw=raw, direction=direction))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GanevalWarning)  # they were given once, of the best
            samples = Split(pixels, None, str(prepared.request.folder)).as_set()
            scores[name] = fid_scorer.score(samples, name).scores["fid"]
    return scores
