"""The proof of a gate as data: what counts as caught, which limit is advised, the smallest regression, exit codes."""

import xml.etree.ElementTree as ElementTree
from statistics import NormalDist

import numpy as np
import pytest

from ganeval.gating.github import proof_annotations, proof_summary
from ganeval.gating.junit import junit
from ganeval.gating.limits import GateOptions, Limit
from ganeval.gating.measures import ModelReports
from ganeval.gating.outcomes import POWER
from ganeval.gating.proving import CAUGHT, FAILED, MISSED, NOT_POSSIBLE, PASSED, Proof, Trial, trial_of, worst_code
from ganeval.gating.rule import judge
from ganeval.reports.report import ImageSet, Protocol, Report, Score

HOW = Protocol("tf1", "inception", "2048", "published", "67", "tf1-bilinear")
REAL = ImageSet("real", "real/", 50_000, "sha256:0a")


def scored(fid: float = 20.0, recall: float = 0.8, count: int = 1000, *, error: float = 0.3) -> Report:
    scores = {"fid": Score(fid, "lower", error), "recall": Score(recall, "higher", 0.01)}
    return Report("0.1.0", "", ImageSet("samples", "samples/", count, f"sha256:{fid}"), REAL, HOW, scores)


OLD = ModelReports((scored(),), "the baseline")
LIMITS = (Limit("max-increase", "fid", 5.0, percent=True),)


@pytest.mark.parametrize(
    ("report", "is_real", "result"),
    [
        (scored(20.5), True, PASSED),
        (scored(21.2), True, FAILED),  # inconclusive, which is exit code 3
        (scored(30.0), True, FAILED),
        (scored(30.0), False, CAUGHT),
        (scored(20.0, count=500), False, CAUGHT),  # not comparable
        (scored(21.2), False, MISSED),  # inconclusive: nothing was measured that would fail it
        (scored(19.0), False, MISSED),
    ],
)
def test_real_data_must_hold_and_bad_sets_must_regress_or_not_be_comparable(report, is_real, result) -> None:
    assert trial_of("set", report, GateOptions(LIMITS), OLD, is_real=is_real).result == result


def test_an_inconclusive_policy_passes_real_data_but_catches_no_bad_set() -> None:
    assert trial_of("", scored(21.2), GateOptions(LIMITS, inconclusive="pass"), OLD, is_real=True).result == PASSED
    assert trial_of("", scored(21.2), GateOptions(LIMITS, inconclusive="fail"), OLD).result == MISSED


def test_the_advised_limit_on_the_score_that_sees_it_would_catch_it() -> None:
    note = trial_of("", scored(20.0, recall=0.5), GateOptions(LIMITS), OLD).note
    # d = 0.3, s = 0.01·√2, z = 1.645: half of 0.3 - 0.0233 is 0.138
    assert (
        note == "--max-decrease recall=0.1 would catch it (recall is 21.2 standard errors worse than in the baseline)"
    )
    assert trial_of("", scored(recall=0.5), GateOptions((Limit("max-decrease", "recall", 0.1),)), OLD).result == CAUGHT


def test_where_no_score_sees_a_set_the_number_of_samples_that_would_is_given() -> None:
    note = trial_of("", scored(20.2), GateOptions(LIMITS), OLD).note
    assert note.startswith("no headline score sees it with so many samples; for --max-increase fid=0 about ")


def test_fewer_samples_under_absolute_limits_alone_are_missed_and_a_baseline_is_advised() -> None:
    trial = trial_of("", scored(count=500), GateOptions((Limit("max", "fid", 25.0),)), OLD)
    assert trial.result == MISSED
    assert "any limit relative to a --baseline would catch it" in trial.note


@pytest.mark.parametrize(
    "limit",
    [Limit("max-increase", "fid", 5.0, percent=True), Limit("max", "fid", 25.0), Limit("max-decrease", "recall", 0.02)],
)
def test_the_smallest_regression_is_caught_in_as_many_draws_as_it_says(limit: Limit) -> None:
    """Monte Carlo of the gate's own rule: the true value is put where the sensitivity has it."""
    (judgement,) = judge([limit], scored(), OLD.reports).judgements
    score = scored().scores[limit.metric]
    assert (score.error and judgement.baseline) or not limit.relative
    s = score.error * np.hypot(1, float(limit.weight) if limit.relative else 0)
    margin = (NormalDist().inv_cdf(0.95) + NormalDist().inv_cdf(0.8)) * s
    truth = float(limit.bound(score.value)) + (margin if limit.upper else -margin)
    assert f"{truth:.3g} or {'more' if limit.upper else 'less'} in 80% of draws" in judgement.sensitivity
    random = np.random.default_rng(0)
    values = random.normal(truth, score.error, 2000)
    bases = random.normal(score.value, score.error, 2000) if limit.relative else np.full(2000, score.value)
    excess = [limit.excess(float(value), float(base)) for value, base in zip(values, bases, strict=True)]
    assert np.mean(np.array(excess) > NormalDist().inv_cdf(0.95) * s) == pytest.approx(POWER, abs=0.03)


def test_a_missed_set_or_real_data_that_fails_is_exit_code_1_which_a_worse_gate_keeps() -> None:
    good, bad = (trial_of("", scored(fid), GateOptions(LIMITS), OLD) for fid in (30.0, 20.0))
    assert Proof((good, Trial("class", False, note="no classes"))).exit_code == 0
    assert Proof((good, bad)).exit_code == 1
    codes = [worst_code(code, proof) for proof in (Proof((good,)), Proof((bad,))) for code in (0, 1, 3, 4)]
    assert codes == [0, 1, 3, 4, 1, 1, 1, 4]


def test_the_proof_is_a_suite_of_junit_and_a_table_of_the_summary() -> None:
    gate = judge(LIMITS, scored(), OLD.reports)
    options = GateOptions(LIMITS)
    trials = (
        trial_of("held-out real data", scored(18.0), options, OLD, is_real=True),
        trial_of("noise | blur", scored(30.0), options, OLD),
        trial_of("1% copies", scored(20.1), options, OLD),
        Trial("a class dropped", False, note="no classes"),
    )
    assert trials[-1].result == NOT_POSSIBLE
    proof = Proof(trials, ("a warning",))
    own, suite = ElementTree.fromstring(junit(gate, proof=proof)).findall("testsuite")
    assert (own.get("tests"), suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("1", "5", "1", "1")
    assert [case[0].tag for case in suite] == ["system-out", "system-out", "failure", "skipped", "system-out"]
    text = proof_summary(gate, proof)
    assert "❌ **proof: held-out real data passed; 1 of 2 bad sets caught, exit code 1**" in text
    assert "| ✅ caught | noise \\| blur |" in text
    assert f"- {gate.sensitivities[0]}" in text
    assert "- warning: a warning" in text
    (line,) = proof_annotations(proof)
    assert line.startswith("::error title=ganeval gate --prove%3A missed::1%25 copies")
