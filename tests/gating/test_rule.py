"""The gate's rule, a table of every combination: kind, direction, significance and mismatch to exit code and sentence.

The numbers of FORMS are 3-4-5 and 5-12-13 triangles, so that every standard error is known by hand.
"""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from ganeval.errors import UsageError
from ganeval.gating.limits import KINDS, Limit, parse_limit
from ganeval.gating.outcomes import EXIT_CODES, HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.gating.rule import gate, judge
from ganeval.reports.report import ImageSet, Protocol, Report, Score

PROTOCOL = Protocol("tf1", "inception", "2048", "published", "67" * 32, "tf1-bilinear")
REAL = ImageSet("cifar10", "cifar10", 50_000, "sha256:" + "0a" * 32)
SAMPLES = ImageSet("mine", "mine/", 1000, "sha256:" + "0b" * 32)


def scored(value: Any, error: Any = 0.5, *, metric: str = "fid", better: str = "lower", **more: Any) -> Report:
    """A report of one score, whose error from the samples' side is `error`."""
    score = Score(value, better, more.pop("both", 9.0), error)
    return Report("0.1.0", "2026-01-31", SAMPLES, REAL, PROTOCOL, {metric: score}, **more)


def seeds(values: Sequence[float], **more: Any) -> list[Report]:
    """One report for each value, of images of its own."""
    return [seed(scored(value, **more), number) for number, value in enumerate(values)]


def seed(report: Report, number: int) -> Report:
    return replace(report, samples=replace(SAMPLES, name=f"mine-s{number}", fingerprint=f"sha256:{number}"))


@dataclass(frozen=True)
class Form:
    """A limit, the errors of both sides, and for each outcome a value and how far that is."""

    flag: str
    errors: tuple[float, float]
    shown: str
    held: tuple[float, str, str]
    inconclusive: tuple[float, str, str]
    regressed: tuple[float, str, str]

    @property
    def limit(self) -> Limit:
        kind, metric, amount = self.flag.removeprefix("--").replace("=", " ").split()
        return parse_limit(kind, metric, amount)


BASE = 8.0
FORMS = [
    Form("--max fid=10", (0.5, 7.0), "",
         (9.0, "9.00 ±0.50", "2 standard errors under (by 1)"), (10.5, "10.50 ±0.50", "1 standard error over (by 0.5)"),
         (12.0, "12.00 ±0.50", "4 standard errors over (by 2)")),
    Form("--min fid=10", (0.5, 7.0), "", (11.0, "11.00 ±0.50", "2 standard errors over (by 1)"),
         (9.5, "9.50 ±0.50", "1 standard error under (by 0.5)"), (8.0, "8.00 ±0.50", "4 standard errors under (by 2)")),
    Form("--max-increase fid=2", (0.3, 0.4), " (baseline 8.00 ±0.40)",
         (9.0, "9.00 ±0.30", "2 standard errors under (by 1)"), (10.5, "10.50 ±0.30", "1 standard error over (by 0.5)"),
         (12.0, "12.00 ±0.30", "4 standard errors over (by 2)")),
    Form("--max-increase fid=25%", (1.2, 0.4), " (baseline 8.00 ±0.40)",  # 1.25 · 0.4 = 0.5
         (7.4, "7.4 ±1.2", "2 standard errors under (by 2.6)"), (11.3, "11.3 ±1.2", "1 standard error over (by 1.3)"),
         (15.2, "15.2 ±1.2", "4 standard errors over (by 5.2)")),
    Form("--max-decrease fid=2", (0.3, 0.4), " (baseline 8.00 ±0.40)",
         (7.0, "7.00 ±0.30", "2 standard errors over (by 1)"), (5.5, "5.50 ±0.30", "1 standard error under (by 0.5)"),
         (4.0, "4.00 ±0.30", "4 standard errors under (by 2)")),
    Form("--max-decrease fid=25%", (0.4, 0.4), " (baseline 8.00 ±0.40)",  # 0.75 · 0.4 = 0.3
         (7.0, "7.00 ±0.40", "2 standard errors over (by 1)"), (5.5, "5.50 ±0.40", "1 standard error under (by 0.5)"),
         (4.0, "4.00 ±0.40", "4 standard errors under (by 2)")),
]  # fmt: skip
DECIDERS = {
    "": "; about 2,706 samples would decide",
    "%": "; about 2,706 samples of each would decide",
}  # 1000 · 1.6449²
OUTCOMES = {"held": 0, "inconclusive": 3, "regressed": 1}


def other_protocol(name: str, value: object) -> Report:
    return replace(scored(0.0), protocol=replace(PROTOCOL, **{name: value}))


def other_set(which: str, **changes: object) -> Report:
    report = scored(0.0)
    return replace(report, **{which: replace(getattr(report, which), **changes)})


MISMATCHES: dict[str, tuple[Report, str]] = {
    "name": (other_protocol("name", "clean"), "protocol: tf1, not clean"),
    "extractor": (other_protocol("extractor", "vgg16"), "extractor: inception, not vgg16"),
    "layer": (other_protocol("layer", "768"), "layer: 2048, not 768"),
    "weights": (other_protocol("weights", "custom"), "weights: published, not custom"),
    "weights_sha256": (other_protocol("weights_sha256", "aa" * 32), "weights sha256: 676767676767, not aaaaaaaaaaaa"),
    "resize": (other_protocol("resize", "pil-bicubic"), "resize: tf1-bilinear, not pil-bicubic"),
    "covariance": (other_protocol("covariance", "n"), "covariance: n-1, not n"),
    "seed": (other_protocol("seed", 1), "seed: 2020, not 1"),
    "k_precision_recall": (other_protocol("k_precision_recall", 5), "k precision recall: 3, not 5"),
    "k_density_coverage": (other_protocol("k_density_coverage", 3), "k density coverage: 5, not 3"),
    "precision": (other_protocol("precision", "tf32"), "precision: float32, not tf32"),
    "decoder": (other_protocol("decoder", "opencv"), "decoder: pillow, not opencv"),
    "more": (other_protocol("more", {"of_later": 1}), "of later: none, not 1"),
    "reference fingerprint": (
        other_set("reference", fingerprint="sha256:" + "cc" * 32),
        "reference: cifar10 (0a0a0a0a), not cifar10 (cccccccc)",
    ),
    "reference count": (other_set("reference", count=49_000), "number of reference images: 50,000, not 49,000"),
    "sample count": (other_set("samples", count=999), "number of samples: 1,000, not 999"),
    "unknown count": (other_set("samples", count=None), "number of samples: 1,000, not unknown"),
}


def test_every_field_of_a_protocol_is_in_the_table() -> None:
    measured = {"precision_effect"}  # says what a setting did, and keeps nothing apart
    assert {field.name for field in fields(Protocol)} - measured <= set(MISMATCHES)


@pytest.mark.parametrize("name", ["k_precision_recall", "k_density_coverage"])
def test_another_k_does_not_keep_reports_apart_without_a_score_that_depends_on_it(name: str) -> None:
    result = gate(
        scored(8.0), baseline=replace(scored(9.0), protocol=replace(PROTOCOL, **{name: 7})), max_increase={"fid": 1}
    )
    assert result.outcome == HELD


@pytest.mark.parametrize("mismatch", ["none", *MISMATCHES])
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.flag)
def test_every_combination_has_its_exit_code_and_its_sentence(form, better, outcome, mismatch) -> None:
    value, shown, far = getattr(form, outcome)
    new, old = scored(value, form.errors[0], better=better), scored(BASE, form.errors[1], better=better)
    if mismatch.startswith("k_"):  # k alone matters only where a score depends on it
        new = replace(new, scores={**new.scores, "recall": Score(0.5, "higher")})
    relative = bool(form.shown)
    if mismatch != "none":
        changed, why = MISMATCHES[mismatch]
        old = replace(changed, scores=old.scores)
        if relative:
            result = judge([form.limit], new, old)
            assert (result.outcome, result.exit_code) == (NOT_COMPARABLE, 4)
            assert result.judgements[0].sentence == f"FID –, {form.flag}: {why}"
            return
    result = judge([form.limit], new, old)
    assert (result.outcome, result.exit_code) == (outcome, OUTCOMES[outcome])
    decider = DECIDERS["%" if relative else ""] if outcome == "inconclusive" else ""
    assert result.judgements[0].sentence == f"FID {shown}, {form.flag}{form.shown}: {far}{decider}"


def test_metadata_that_decides_no_score_does_not_make_reports_incomparable() -> None:
    old = scored(8.0, more={"training": {"config": {"seed": 0}, "best_step": 100}})
    new = replace(
        scored(8.0, more={"training": {"config": {"seed": 7}, "best_step": 200}}),
        ganeval="0.2.0",
        created="2027",
        environment={"torch": "3"},
        warnings=("biased",),
        samples=replace(SAMPLES, name="other", source="other/", fingerprint="sha256:ff", formats={"png": 1000}),
    )
    assert gate(new, baseline=old, max_increase={"fid": 0}).outcome == HELD


# borders, exactly


@pytest.mark.parametrize("confidence", [0.6, 0.95, 0.999])
def test_the_boundaries_belong_to_the_milder_outcome(confidence: float) -> None:
    z = float(special.ndtri(confidence))
    result = gate(scored(10.0, 1.0), max={"fid": 10}, confidence=confidence)
    assert (result.outcome, result.judgements[0].finding) == (HELD, "exactly at the limit")
    assert gate(scored(math.nextafter(10.0, 11), 1.0), max={"fid": 10}, confidence=confidence).outcome == INCONCLUSIVE
    factor = gate(scored(1.0, 1.0), max={"fid": 0}, confidence=confidence).judgements[0].factor
    assert factor is not None
    assert factor == pytest.approx(z, rel=1e-14)
    assert gate(scored(factor, 1.0), max={"fid": 0}, confidence=confidence).outcome == INCONCLUSIVE
    assert gate(scored(math.nextafter(factor, 9), 1.0), max={"fid": 0}, confidence=confidence).outcome == REGRESSED


def test_without_an_error_the_boundary_is_the_limit() -> None:
    assert gate(scored(10.0, 0.0), max={"fid": 10}).outcome == HELD
    over = gate(scored(math.nextafter(10.0, 11), 0.0), max={"fid": 10})
    assert over.outcome == REGRESSED
    assert over.warnings == ()
    assert over.judgements[0].finding.endswith(", with no error bar")


@pytest.mark.parametrize("confidence", [0.5, 1, 0, -1, 95, math.nan, math.inf])
def test_an_impossible_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(UsageError, match=r"needed a number between 0\.5 and 1"):
        gate(scored(1.0), max={"fid": 1}, confidence=confidence)


def test_the_number_of_samples_named_does_decide() -> None:
    """Ten times the samples make the error √10 times smaller: the same excess is then on the border."""
    result = gate(scored(10.2, 0.5), max={"fid": 10})
    text = result.judgements[0].finding
    needed = int(text.split("about ")[1].split(" ")[0].replace(",", ""))
    assert needed == math.ceil(1000 * (special.ndtri(0.95) * 0.5 / 0.2) ** 2)
    shrunk = 0.5 * math.sqrt(1000 / needed)
    assert gate(scored(10.2, shrunk * 0.999), max={"fid": 10}).outcome == REGRESSED
    assert gate(scored(10.2, shrunk * 1.001), max={"fid": 10}).outcome == INCONCLUSIVE


@pytest.mark.parametrize(("value", "text"), [(1e-300, "1,000,000,000,000 or more samples would decide")])
def test_a_hopeless_number_of_samples_is_capped(value: float, text: str) -> None:
    assert text in gate(scored(value, 0.5), max={"fid": 0}).judgements[0].finding


def test_an_unknown_number_of_samples_is_not_invented() -> None:
    report = replace(scored(10.2), samples=replace(SAMPLES, count=None))
    assert gate(report, max={"fid": 10}).judgements[0].finding == "0.4 standard errors over (by 0.2)"


# errors


@pytest.mark.parametrize(
    ("score", "error"),
    [
        (Score(10.2, "lower", 0.5, 0.3), 0.3),
        (Score(10.2, "lower", 0.5, None), 0.5),
        (Score(10.2, "lower", None, 0.3), 0.3),
        (Score(10.2, "lower", 0.5, 0.0), 0.0),
    ],
)
def test_the_error_is_that_of_the_samples_side_where_it_is_known(score: Score, error: float) -> None:
    result = gate(replace(scored(0.0), scores={"fid": score}), max={"fid": 10})
    assert result.judgements[0].error == error
    assert result.warnings == ()


@pytest.mark.parametrize("error", [None, math.nan, math.inf, -0.5, "0.5", True])
def test_a_missing_or_nan_error_counts_as_0_with_a_warning(error: Any) -> None:
    score = Score(10.2, "lower", error, None if error is None else error)
    new = replace(scored(0.0), scores={"fid": score})
    result = gate(new, max={"fid": 10})
    assert result.outcome == REGRESSED
    assert result.warnings == ("fid has no error bar in the report; it counts as 0",)
    assert result.judgements[0].sentence == "FID 10.2, --max fid=10: over by 0.2, with no error bar"
    both = gate(scored(10.2, 0.3), baseline=new, max_increase={"fid": -0.1})
    assert both.judgements[0].error == 0.3
    assert both.warnings == ("fid has no error bar in the baseline; it counts as 0",)


def test_a_percentage_scales_the_baselines_error() -> None:
    for amount, kind, weight in (("5%", "max_increase", 1.05), ("5%", "max_decrease", 0.95), (5, "max_increase", 1)):
        result = gate(scored(8.0, 0.3), baseline=scored(8.0, 0.4), **{kind: {"fid": amount}})
        assert result.judgements[0].error == pytest.approx(math.sqrt(0.3**2 + (weight * 0.4) ** 2), rel=1e-12)


# what is no number


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, 1e200, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_nan_or_infinite_value_has_regressed_whatever_the_limit(kind: str, value: Any) -> None:
    result = gate(
        scored(value), baseline=scored(8.0), **{kind.replace("-", "_"): {"fid": 1000 if "max" in kind else -9}}
    )
    assert (result.outcome, result.exit_code) == (REGRESSED, 1)
    assert result.judgements[0].sentence.startswith("FID –, ")
    assert result.judgements[0].sentence.endswith(" in the report")


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_metric_has_regressed_whatever_the_limit(kind: str) -> None:
    old = replace(scored(8.0), scores={"fid": Score(8.0, "lower"), "recall": Score(0.8, "higher")})
    result = gate(scored(8.0), baseline=old, **{kind.replace("-", "_"): {"recall": 0.3}})
    assert (result.outcome, result.exit_code) == (REGRESSED, 1)
    assert result.judgements[0].sentence.startswith("recall –, ")
    assert result.judgements[0].sentence.endswith(": missing from the report")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nan_literals_in_json_are_read_and_never_pass(tmp_path: Path, value: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(scored(8.0).to_json().replace('"value": 8.0', f'"value": {value}'), encoding="utf-8")
    assert gate(path, max={"fid": 1e9}).exit_code == 1
    assert gate(path, min={"fid": -1e9}).exit_code == 1


def test_a_baseline_without_the_metric_asks_for_update_baseline() -> None:
    new = replace(scored(8.0), scores={"recall": Score(0.8, "higher", 0.1)})
    with pytest.raises(UsageError, match="recall is missing from the baseline; write a new one with --update-baseline"):
        gate(new, baseline=scored(8.0), max_decrease={"recall": 0.1})
    with pytest.raises(UsageError, match="fid is nan in the baseline; write"):
        gate(scored(8.0), baseline=scored(math.nan), max_increase={"fid": 0.1})
    assert gate(new, baseline=scored(8.0), min={"recall": 0.1}).outcome == HELD


@pytest.mark.parametrize("value", [0.0, -0.001])
def test_a_percentage_of_a_baseline_that_is_not_above_0_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match=r"needed one above 0 for a percentage of it"):
        gate(scored(1.0), baseline=scored(value), max_increase={"fid": "5%"})
    assert gate(scored(0.0), baseline=scored(value), max_increase={"fid": 5}).outcome == HELD


def test_no_limit_an_unknown_metric_and_a_lost_baseline_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no limit, needed at least one"):
        gate(scored(1.0))
    with pytest.raises(UsageError, match="unknown metric 'fdi': did you mean 'fid'"):
        gate(scored(1.0), max={"fdi": 1})
    with pytest.raises(UsageError, match=r"--max-increase fid=1: relative to a baseline, needed --baseline"):
        gate(scored(1.0), max_increase={"fid": 1})
    with pytest.raises(UsageError, match="no such file"):
        gate(scored(1.0), baseline=tmp_path / "lost.json", max={"fid": 3})
    with pytest.raises(UsageError, match="the report: found no report"):
        gate([], max={"fid": 3})


def test_a_custom_metric_can_be_limited() -> None:
    assert gate(scored(0.4, metric="my_score"), max={"my_score": 0.5}).outcome == HELD


# warnings


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"max": {"fid": 9}}, None),
        ({"min": {"fid": 1}}, "--min fid=1: a lower fid is better; is --max meant?"),
        ({"max_decrease": {"fid": 1}}, "--max-decrease fid=1: a lower fid is better; is --max-increase meant?"),
        ({"min": {"fid": 1}, "max": {"fid": 9}}, None),
        ({"max_increase": {"fid": 1}, "max_decrease": {"fid": 1}}, None),
    ],
)
def test_a_limit_in_the_wrong_direction_is_warned_about(limits: Any, text: str | None) -> None:
    result = gate(scored(8.0), baseline=scored(8.0), **limits)
    assert [line for line in result.warnings if "meant" in line] == ([text] if text else [])
    assert result.outcome == HELD


def test_a_limit_that_always_holds_is_warned_about() -> None:
    new, old = (scored(value, 0.1, metric="recall", better="higher") for value in (0.5, 0.8))
    result = gate(new, baseline=old, max_decrease={"recall": 5})
    assert result.outcome == HELD
    assert result.warnings == (
        "--max-decrease recall=5: holds whatever recall is, as it is never below 0; are per cent meant?",
    )
    assert gate(new, baseline=old, max_decrease={"recall": "5%"}).warnings == ()


def test_a_custom_score_may_be_negative_so_its_limit_is_not_warned_about() -> None:
    result = gate(scored(-4.0, metric="log_likelihood", better="higher"), min={"log_likelihood": -5})
    assert (result.outcome, result.warnings) == (HELD, ())


def test_an_unused_baseline_is_warned_about() -> None:
    result = gate(scored(8.0), baseline=scored(9.0), max={"fid": 9})
    assert result.warnings == ("--baseline is not used: no limit is relative to it",)


# several limits


def judgement(outcome: str) -> Judgement:
    return Judgement(Limit("max", "fid", 1.0), outcome, "FID")


@pytest.mark.parametrize("pair", list(itertools.product(EXIT_CODES, repeat=2)))
def test_of_two_outcomes_the_worse_decides(pair: tuple[str, str]) -> None:
    order = [4, 1, 3, 0]
    codes = [EXIT_CODES[outcome] for outcome in pair]
    assert Gate(tuple(map(judgement, pair))).exit_code == min(codes, key=order.index)


@pytest.mark.parametrize(("policy", "code"), [("pass", 0), ("fail", 1), ("3", 3)])
def test_the_inconclusive_policy_changes_no_other_outcome(policy: str, code: int) -> None:
    for outcome, own in EXIT_CODES.items():
        result = Gate((judgement(HELD), judgement(outcome)))
        assert result.exit_code_for(policy) == (code if outcome == INCONCLUSIVE else own)
        assert f"exit code {result.exit_code_for(policy)}" in result.verdict(policy)
    assert Gate((judgement(INCONCLUSIVE), judgement(REGRESSED))).exit_code_for("pass") == 1


def test_limits_are_judged_each_by_itself() -> None:
    scores = {"fid": Score(12.0, "lower", 0.5), "recall": Score(0.8, "higher", 0.05), "kid": Score(0.02, "lower", 0.01)}
    old = replace(MISMATCHES["resize"][0], scores=scores)
    new = replace(scored(0.0), scores=scores)
    result = gate(new, baseline=old, max={"fid": 10, "kid": 0.015}, min={"recall": 0.5}, max_increase={"fid": 5})
    assert [judgement.outcome for judgement in result.judgements] == [REGRESSED, INCONCLUSIVE, HELD, NOT_COMPARABLE]
    assert result.verdict("3") == "gate: not comparable (1 of 4 limits), exit code 4"


# several seeds


def test_several_reports_are_their_mean_with_students_t() -> None:
    values = [10.0, 10.4, 11.1, 10.3]
    result = gate(seeds(values), max={"fid": 10}).judgements[0]
    expected = stats.ttest_1samp(values, 10.0, alternative="greater")
    assert result.value.value == pytest.approx(np.mean(values))
    assert result.error == pytest.approx(np.std(values, ddof=1) / 2)
    assert result.excess / result.error == pytest.approx(expected.statistic)
    assert result.factor == pytest.approx(stats.t.ppf(0.95, 3))
    assert result.outcome == (REGRESSED if expected.pvalue < 0.05 else INCONCLUSIVE)
    ratio = result.factor * result.error / result.excess
    if result.outcome == INCONCLUSIVE:
        assert result.finding.endswith(f"; about {math.ceil(4 * ratio**2)} seeds would decide")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ([10.0, 10.4, 11.1], [9.7, 10.2, 10.1, 9.9, 10.3]),
        ([12.0, 12.4, 12.3], [9.7, 10.9, 10.1]),
        ([12.0, 12.4], [9.7, 10.9, 10.1, 14.0, 3.0, 7.0]),
    ],
)
def test_several_against_several_are_welchs_test(new: list[float], old: list[float]) -> None:
    result = gate(seeds(new), baseline=seeds(old), max_increase={"fid": 0}).judgements[0]
    expected = stats.ttest_ind(new, old, equal_var=False, alternative="greater")
    assert result.excess / result.error == pytest.approx(expected.statistic)
    assert result.factor == pytest.approx(stats.t.ppf(0.95, expected.df))
    assert (result.outcome == REGRESSED) == (expected.pvalue < 0.05)


def test_one_against_several_is_the_prediction_of_one_more_seed() -> None:
    """Pooled t-test of one value against K: the interval that one further draw falls into."""
    old = [9.7, 10.2, 10.1, 9.9, 10.3]
    expected = stats.ttest_ind([10.9], old, equal_var=True, alternative="greater")
    single = scored(10.9, 0.01)
    for result, sign in (
        (gate(single, baseline=seeds(old), max_increase={"fid": 0}).judgements[0], 1),
        (gate(seeds(old), baseline=single, max_decrease={"fid": 0}).judgements[0], 1),
    ):
        assert sign * result.excess / result.error == pytest.approx(expected.statistic)
        assert result.error == pytest.approx(np.std(old, ddof=1) * math.sqrt(1 + 1 / 5))
        assert result.factor == pytest.approx(stats.t.ppf(0.95, 4))


def test_a_single_report_against_seeds_has_their_spread_and_needs_no_error() -> None:
    old = [9.0, 10.0, 11.0]  # standard deviation 1
    result = gate(scored(10.5, None, both=None), baseline=seeds(old), max_increase={"fid": 0})
    assert result.warnings == ()
    assert result.judgements[0].sentence.startswith(
        "FID 10.5 ±1.0, --max-increase fid=0 (baseline 10.00 ±0.58 of 3 seeds): 0.433 standard errors over (by 0.5); "
    )


def test_percentages_scale_the_spread_of_a_baselines_seeds() -> None:
    new, old = [10.0, 10.4, 11.1], [9.7, 10.2, 10.1, 9.9]
    result = gate(seeds(new), baseline=seeds(old), max_increase={"fid": "10%"}).judgements[0]
    scaled = stats.ttest_ind(new, 1.1 * np.array(old), equal_var=False, alternative="greater")
    assert result.excess / result.error == pytest.approx(scaled.statistic)
    assert result.factor == pytest.approx(stats.t.ppf(0.95, scaled.df))


def test_reports_that_look_like_different_models_are_warned_about_as_their_mean_hides_one() -> None:
    good, bad = (replace(scored(value), samples=replace(SAMPLES, name=name, fingerprint=name))
                 for name, value in (("dcgan", 1.0), ("wgan", 9.0)))  # fmt: skip
    result = gate([good, bad], max={"fid": 6})
    assert result.outcome == HELD
    assert result.judgements[0].value_text == "5.0 ±4.0 of 2 seeds"
    assert result.warnings == (
        "the report: dcgan and wgan are taken for seeds of one model; gate different models one by one",
    )
    old = gate(scored(1.0), baseline=[good, bad], max_increase={"fid": 1})
    assert [line for line in old.warnings if line.startswith("the baseline: dcgan and wgan")]
    assert gate(seeds([1.0, 2.0]), max={"fid": 6}).warnings == ()
    settings = [
        {"training": {"data": "digits", "config": {"seed": number, "lr": rate}}}
        for number, rate in ((0, 0.1), (1, 0.1), (2, 0.2))
    ]
    same = [replace(report, more=more) for report, more in zip(seeds([1.0, 2.0, 3.0]), settings, strict=True)]
    assert gate(same[:2], max={"fid": 6}).warnings == ()
    assert len(gate(same, max={"fid": 6}).warnings) == 1
    earlier = {"model": "wgan-gp", "seed": 0, "batch": 32, "penalty": "gradient", "penalty_weight": 10.0}
    today = {"model": "wgan-gp", "seed": 1, "batch_size": 32, "gradient_penalty": 10.0, "r1": 0.0}
    renamed = [
        replace(report, more={"training": {"data": "digits", "config": config}})
        for report, config in zip(seeds([1.0, 2.0]), (earlier, today), strict=True)
    ]
    assert gate(renamed, max={"fid": 6}).warnings == ()


def test_identical_seeds_have_no_error() -> None:
    assert gate(seeds([10.0, 10.0, 10.0]), max={"fid": 10}).outcome == HELD
    assert gate(seeds([10.1, 10.1, 10.1]), baseline=seeds([10.0, 10.0]), max_increase={"fid": 0}).outcome == REGRESSED


def test_a_seed_without_the_metric_or_with_a_nan_is_a_regression_of_all() -> None:
    reports = seeds([10.0, 10.1, math.nan])
    assert gate(reports, max={"fid": 99}).judgements[0].note == "nan in the report (1 of 3 seeds)"
    reports[0] = replace(reports[0], scores={})
    result = gate(reports, max={"fid": 99})
    assert (result.exit_code, result.judgements[0].note) == (1, "missing from the report (1 of 3 seeds)")


def test_reports_that_differ_among_themselves_are_not_comparable_by_any_limit() -> None:
    reports = seeds([10.0, 10.1])
    reports[1] = replace(reports[1], protocol=replace(PROTOCOL, resize="pil"))
    result = gate(reports, max={"fid": 99})
    assert result.exit_code == 4
    assert result.judgements[0].note == "the reports differ among themselves: resize: tf1-bilinear, not pil"
    old = gate(scored(10.0), baseline=reports, max_increase={"fid": 1}, max={"fid": 99})
    assert [judgement.outcome for judgement in old.judgements] == [HELD, NOT_COMPARABLE]
    assert "the baseline's reports differ among themselves: resize" in old.judgements[1].note


def test_the_same_images_twice_are_refused_as_two_seeds() -> None:
    with pytest.raises(UsageError, match="the report: found the same images twice, of mine; needed different seeds"):
        gate([scored(10.0), scored(10.0)], max={"fid": 99})
    with pytest.raises(UsageError, match="the baseline: found the same images twice, of mine"):
        gate(scored(10.0), baseline=[scored(10.0), scored(10.0)], max_increase={"fid": 99})
    nameless = replace(
        scored(10.0), samples=replace(SAMPLES, fingerprint=None)
    )  # a generator's, as far as anyone knows
    assert gate([nameless, nameless], max={"fid": 99}).outcome == HELD


def test_reports_may_be_files_lists_and_run_folders(tmp_path: Path) -> None:
    first, second, third = seeds([10.0, 10.2, 10.4])
    (tmp_path / "läufe 数").mkdir()
    (tmp_path / "läufe 数" / "report.json").write_text(first.to_json(), encoding="utf-8")
    (tmp_path / "two.json").write_text(json.dumps([second.to_dict(), third.to_dict()]), encoding="utf-8")
    result = gate([tmp_path / "läufe 数", str(tmp_path / "two.json")], max={"fid": 10.2})
    assert result.judgements[0].value.count == 3
    assert result.judgements[0].value.value == pytest.approx(10.2)


def test_human_error_rate_is_decided_by_answers_and_not_by_samples():
    """Their error falls with the number of answers; more images change nothing."""
    report = scored(0.30, metric="human_error_rate", better="higher")
    rate = Score(0.30, "higher", error=0.04, error_samples=0.04, more={"answers": 100})
    result = gate(replace(report, scores={"human_error_rate": rate}), min={"human_error_rate": 0.33})
    needed = math.ceil(100 * (stats.norm.ppf(0.95) * 0.04 / 0.03) ** 2)
    assert result.outcome == INCONCLUSIVE
    assert result.judgements[0].note == f"about {needed} answers would decide"
