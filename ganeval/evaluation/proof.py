"""`ganeval gate --prove`: held-out real data and known-bad sets, scored as the gate's reports were, and judged by it.

The bad sets come from the baseline's samples, opened again where its report has them; else from the report's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.errors import ContentError, GanevalError, UsageError
from ganeval.evaluation.known_sets import bad_sets, without_class
from ganeval.evaluation.opening import opening
from ganeval.evaluation.scorer import Scorer
from ganeval.evaluation.settings import Settings
from ganeval.extractors import EXTRACTORS
from ganeval.features.feature_set import FeatureSet
from ganeval.features.framing import framing_in
from ganeval.gating.limits import GateOptions
from ganeval.gating.measures import ModelReports, read_model
from ganeval.gating.proving import CAUGHT, Proof, Trial, trial_of
from ganeval.media.base import SampleSet
from ganeval.progress import Tick, silent
from ganeval.reports.report import Report, load_reports
from ganeval.reports.run_folders import REPORTS, is_run, is_trained, samples_of
from ganeval.reports.scores import METRICS
from ganeval.sources.datasets import DATASETS
from ganeval.sources.opening import NAMES, full_name, open_images, open_source
from ganeval.sources.subsampling import draw

REAL = "held-out real data"
OTHER_SPLIT = {"train": "test", "test": "train"}


@dataclass(frozen=True, eq=False)
class Prover:
    """What every trial needs: the limits, what they are relative to, and the scorer."""

    options: GateOptions
    old: ModelReports
    scorer: Scorer

    def trial(self, name: str, images: SampleSet, *, is_real: bool = False) -> Trial:
        """The trial of a set; not possible where it cannot be scored, for too few images for one."""
        try:
            report = self.scorer.score(images, name)
        except GanevalError as reason:
            return Trial(name, is_real, note=str(reason))
        return trial_of(name, report, self.options, self.old, is_real=is_real)

    def of_real(self, count: int, reference: str, held_out: str | None) -> Trial:
        """As many held-out real images: of `held_out`, else of the other split of the reference's data set."""
        source = held_out or other_split(reference)
        if source is None:
            return Trial(REAL, True, note=f"{reference} has no other split that is known; needed --held-out SRC")
        images = open_images(source, opening(self.scorer.settings, count))
        if images.count is not None and images.count < count:
            return Trial(
                REAL, True, note=f"{source} holds {images.count:,} images, needed {count:,}: as many as samples"
            )
        return self.trial(f"{REAL} ({full_name(source)})", draw(images, count, self.scorer.settings.seed), is_real=True)

    def of_class(self, images: SampleSet) -> Trial:
        """The largest class dropped: by the labels of the set, else by the classes that the network sees."""
        scorer, labels, whose = self.scorer, images.labels, ""
        if labels is None:
            features = FeatureSet.from_samples(images, scorer.extraction, scorer.store, scorer.tick)
            if features.probabilities is not None and features.indices is not None:
                images = images.subset(features.indices.tolist())
                labels = features.probabilities.argmax(1).cpu().numpy()
                whose = f" by {scorer.extraction.extractor.name}"
        dropped = without_class(images, labels, scorer.settings.seed) if labels is not None else None
        if dropped is None:
            return Trial("a class dropped", False, note="no classes: neither labels nor a network that has some")
        number, rest = dropped
        names = images.classes if not whose else scorer.extraction.extractor.classes
        return self.trial(f"class {names[number] if names else number}{whose} dropped", rest)


def prove(reports: Sequence[Path], options: GateOptions, held_out: str | None = None, tick: Tick = silent) -> Proof:
    """The trials of a gate on these reports. UsageError where samples or reference cannot be had as they were."""
    try:
        report, images, notes = _origin([*options.baseline], [*reports])
        scorer = _scorer(report, tick)
        again = scorer.score(images, report.samples.name)
        old = _old(again, report, options)
        limits = tuple(limit for limit in options.limits if limit.metric in again.scores)
        if not limits:
            raise UsageError("found no limit on a score of images, needed one, as --max-increase fid=5%")
        notes += [f"{limit.flag} is not proved: no score of images" for limit in options.limits if limit not in limits]
        prover = Prover(replace(options, limits=limits), old, scorer)
        if trial_of("", again, prover.options, old).result == CAUGHT:
            notes.append("the samples behind the bad sets have regressed themselves: to catch these says little")
        trials = [prover.of_real(len(images), report.reference.source, held_out), prover.of_class(images)]
        trials += [prover.trial(name, bad) for name, bad in bad_sets(images, scorer.settings.seed)]
    except (ContentError, UsageError) as reason:  # an image that is lost says nothing about a model
        raise UsageError(f"--prove: {reason}") from reason
    return Proof(tuple(trials), tuple(f"--prove: {note}" for note in notes))


def _old(again: Report, report: Report, options: GateOptions) -> ModelReports:
    """What trials are held against: the baseline, else the samples scored `again`. UsageError if these differ."""
    if again.samples.fingerprint != report.samples.fingerprint:
        raise UsageError(f"{report.samples.source}: found other images than were scored; score them anew")
    old = read_model(options.baseline, "the baseline") if options.baseline else ModelReports((again,), "the samples")
    for other in (report, old.first):
        if reasons := reasons_not_comparable(other, again, [limit.metric for limit in options.limits]):
            raise UsageError(f"the samples scored anew are not comparable: {'; '.join(reasons)}")
    return old


def other_split(reference: str) -> str | None:
    """The other split of a data set by name; None where the source is no data set of ours.

    >>> other_split("digits:test"), other_split("digits"), other_split("real/")
    ('digits:train', 'digits:test', None)
    """
    name, _, split = full_name(reference).partition(":")
    return f"{name}:{OTHER_SPLIT[split]}" if name in DATASETS and split in OTHER_SPLIT else None


def _origin(baseline: list[Path], reports: list[Path]) -> tuple[Report, SampleSet, list[str]]:
    """The first report whose samples can be opened: of the baseline, else, with a note, of the reports."""
    reasons = []
    for path in (*baseline, *reports):
        for report in load_reports(path):
            try:
                images = _samples(path, report)
            except (ContentError, UsageError) as reason:
                reasons.append(str(reason))
                continue
            notes = ["the baseline's samples are not here; the report's own are taken"] if baseline and reasons else []
            return report, images, notes if path not in baseline else []
    raise UsageError(f"the samples cannot be opened again: {reasons[0]}")


def _samples(path: Path, report: Report) -> SampleSet:
    """The images that a report is about, from the run folder where it lies or from the source that it names."""
    home = path if path.is_dir() else path.parent
    source = str(home) if is_run(home) and (path == home or path.name in REPORTS) else report.samples.source
    settings = Settings(seed=report.protocol.seed)
    named = samples_of(Path(source)) if is_run(Path(source)) and not is_trained(Path(source)) else source
    _refuse_code(named, "samples")
    images = open_images(source, opening(settings, report.samples.count))
    return draw(images, report.samples.count, settings.seed)


def _refuse_code(source: str, what: str) -> None:
    """A report must not choose code to run: UsageError for `module:function`."""
    if ":" in source and source.partition(":")[0] not in NAMES and not Path(source).exists():
        raise UsageError(f"{source}: {what} that code generates, needed images in a folder or a file; score these")


def _scorer(report: Report, tick: Tick) -> Scorer:
    """The report's reference and settings again, for the families that it has."""
    protocol, reference = report.protocol, report.reference
    _refuse_code(reference.source, "a reference")
    if protocol.extractor not in EXTRACTORS:
        raise UsageError(f"{protocol.extractor}: a network of your own, needed one of `ganeval list extractors`")
    framing = framing_in(protocol.resize)
    settings = Settings(
        metrics=[name for name, family in METRICS.items() if report.scores.keys() & family.scores.keys()],
        extractor=protocol.extractor,
        protocol=protocol.name,
        seed=protocol.seed,
        k_precision_recall=protocol.k_precision_recall,
        k_density_coverage=protocol.k_density_coverage,
        precision=protocol.precision,
        decoder=protocol.decoder,
        on_bad_image="skip" if report.samples.skipped or reference.skipped else "fail",
        crop=framing.size if framing and framing.crop else None,
        resize=framing.size if framing and not framing.crop else None,
    )
    source = open_source(reference.source, opening(settings, reference.count))
    ref_n = reference.count if isinstance(source, SampleSet) else None
    return Scorer(reference.source, replace(settings, ref_n=ref_n), tick)
