"""Shorter arithmetic is asked for, is part of the protocol, and says what it has done to FID."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from launching import torchrun
from PIL import Image

from ganeval import Evaluator, Settings, evaluate
from ganeval.comparison.comparing import reasons_not_comparable
from ganeval.features import precision_effect
from ganeval.metrics.frechet import fid
from ganeval.metrics.frechet_error import fid_change

EXAMPLES = Path(__file__).parents[2] / "examples" / "digits"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))


def test_the_effect_of_other_features_is_the_difference_of_both_fids() -> None:
    """First order: the perturbation is a hundredth, so what is left out is a few hundredths of the difference."""
    generator = torch.Generator().manual_seed(0)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator)

    real, fake = normal(1500, 6), 1.3 * normal(1200, 6) + 0.4
    other_real, other_fake = real + 0.01 * normal(1500, 6) - 0.01, fake * 1.01 + 0.02
    every = [(real, other_real), (fake, other_fake)]
    expected = fid(real, fake)["fid"].value - fid(other_real, other_fake)["fid"].value
    assert abs(expected) > 0.05
    assert fid_change(real, fake, *every) == pytest.approx(expected, rel=0.05)
    assert fid_change(real, fake, (real[:9], real[:9]), (fake[:9], fake[:9])) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.slow
def test_the_effect_in_the_report_is_that_of_scoring_twice() -> None:
    """From 250 of 500 and 220 of 1,097 pictures: the sign and the size."""
    short, exact = (
        evaluate(EXAMPLES, "digits", Settings(metrics=["fid"], precision=name)) for name in ("bf16", "float32")
    )
    assert exact.protocol.precision_effect is None
    effect = short.protocol.precision_effect
    assert effect is not None
    expected = short.scores["fid"].value - exact.scores["fid"].value
    assert 1e-5 < abs(expected) < 0.01
    assert effect == pytest.approx(expected, rel=0.5)
    assert f"bf16 (FID {effect:+.2g} against float32)" in short.protocol.line()
    again = evaluate(EXAMPLES, "digits", Settings(metrics=["fid"], precision="bf16"))  # both sides from the store
    assert again.protocol.precision_effect == effect


def test_a_reference_without_pictures_leaves_the_effect_unknown_and_says_so(tmp_path: Path, run) -> None:
    asked = ("--precision", "bf16", "--metrics", "fid")
    assert run("features", "digits", "-o", tmp_path / "digits.npz", "--precision", "bf16").exit_code == 0
    done = run("score", "--samples", EXAMPLES, "--ref", tmp_path / "digits.npz", *asked, "--extractor", "digits")
    assert done.exit_code == 0, done.output
    assert "fid: what bf16 has done to it is unknown: the reference has no images here" in done.output


def test_precision_keeps_reports_apart_but_its_effect_does_not() -> None:
    short = evaluate(EXAMPLES, "digits", Settings(metrics=["fid"], precision="bf16"))
    assert reasons_not_comparable(short, replace(short, protocol=replace(short.protocol, precision_effect=9.0))) == []
    assert reasons_not_comparable(short, replace(short, protocol=replace(short.protocol, precision="float32"))) == [
        "precision: bf16, not float32"
    ]


def test_few_pictures_are_compared_spread_over_the_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_effect, "COMPARED", 10)
    seen = []
    original = precision_effect.PrecisionComparison.rows
    monkeypatch.setattr(
        precision_effect.PrecisionComparison, "rows", lambda self: seen.append(self.indices) or original(self)
    )
    evaluate(EXAMPLES, "digits", Settings(metrics=["fid"], precision="bf16", cache=False))
    assert [len(indices) for indices in seen] == [10, 10]
    assert seen[1] == list(range(0, 500, 50))


@pytest.mark.torchrun
def test_ranks_measure_the_same_effect(tmp_path: Path) -> None:
    """Of the same pictures; 2 %, as bfloat16 rounds otherwise in other batches, and the effect is small."""
    asked = ["--samples", str(EXAMPLES), "--ref", "digits", "--metrics", "fid", "--precision", "bf16", "--no-cache"]
    ended = torchrun(2, "score", *asked, "--json", str(tmp_path / "two.json"))
    assert ended.returncode == 0, ended.stderr[-500:]
    found = json.loads((tmp_path / "two.json").read_text())["protocol"]["precision_effect"]
    alone = evaluate(EXAMPLES, "digits", Settings(metrics=["fid"], precision="bf16", cache=False))
    assert found == pytest.approx(alone.protocol.precision_effect, rel=0.02)


def test_a_training_loop_measures_nothing_that_it_did_not_ask_for() -> None:
    evaluator = Evaluator("digits", metrics=["fid"])
    evaluator.update(torch.rand(20, 1, 8, 8))
    assert evaluator.compute().protocol.precision_effect is None


def test_an_empty_comparison_leaves_the_effect_unknown(tmp_path: Path) -> None:
    """Of 300 images every second one is compared, and none of those can be read."""
    samples = tmp_path / "samples"
    samples.mkdir()
    for index in range(300):
        image = Image.fromarray(np.full((8, 8), index % 251, np.uint8))
        image.save(samples / f"{index:03}.png")
        if index % 2 == 0:
            (samples / f"{index:03}.png").write_bytes(b"no image")
    settings = Settings(metrics=["fid"], precision="bf16", on_bad_image="skip", cache=False)
    report = evaluate(samples, "digits:test", settings)
    assert report.samples.count == 150
    assert report.protocol.precision_effect is None
    assert any("what bf16 has done to it is unknown" in text for text in report.warnings)
