"""Sets too large to keep: the same FID and error bar from sums and a few features, in memory that does not grow."""

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from launching import SCRIPTS, run_ranks

from ganeval.errors import ContentError
from ganeval.evaluation import scorer
from ganeval.extractors import open_extractor
from ganeval.features import feature_set, running_moments
from ganeval.features.extraction import Extraction
from ganeval.features.feature_set import FeatureSet
from ganeval.features.running_moments import Subset, draw
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.media.census import Census, record_of
from ganeval.media.streams import stream_images
from ganeval.metrics import frechet_error
from ganeval.metrics.frechet import fid
from ganeval.metrics.moments import moments

NOTHING_KEPT = Store(None)
WORKER = SCRIPTS / "summed_by_ranks.py"


def tick(stage: str, done: int, total: int | None) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def how() -> Extraction:
    return Extraction(open_extractor("digits", device=torch.device("cpu")), "tf1-bilinear")


def pictures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


def test_sums_equal_the_moments_of_kept_features(how: Extraction) -> None:
    images = array_images(pictures(70))
    found = FeatureSet.from_samples(images, replace(how, batch_size=16), NOTHING_KEPT, tick, sums=True)
    kept = FeatureSet.from_samples(images, how, NOTHING_KEPT, tick)
    known = moments(kept.features)
    assert found.facts == replace(kept.facts, duplicates=None)  # what is not remembered cannot come twice
    # float32 features, another batch size
    torch.testing.assert_close(found.moments.mean, known.mean, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.moments.covariance, known.covariance, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.features, kept.features, rtol=1e-5, atol=1e-5)


def test_the_same_features_are_drawn_whatever_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_moments, "ERROR_POINTS", 10)
    features = torch.arange(200.0)[:, None]
    for size in (1, 7, 64, 200):
        few = Subset()
        for start in range(0, 200, size):
            block = features[start : start + size]
            few.add(block, start)
        assert len(few.features) == 10
        assert few.features.flatten().tolist() == features[draw(200)].flatten().tolist()


def test_every_feature_is_as_likely_to_be_drawn() -> None:
    """Of each hundredth of 100,000 numbers 41 ± 6.3 are drawn; within five such deviations."""
    chosen = draw(100_000).numpy()
    shares = np.bincount(chosen // 1000, minlength=100)
    assert len(chosen) == frechet_error.ERROR_POINTS
    assert abs(shares - frechet_error.ERROR_POINTS / 100).max() < 5 * 6.3


def scored(tmp_path: Path, run, *more: object) -> dict:
    target = tmp_path / "report.json"
    done = run("score", "--ref", "digits", "--metrics", "fid", "--json", target, *more)
    assert done.exit_code == 0, done.output
    return json.loads(target.read_text())


def test_a_large_set_has_the_fid_and_the_error_bar_of_kept_features(tmp_path, run, digits_folder, monkeypatch) -> None:
    asked = ("--samples", digits_folder, "--no-cache")
    kept = scored(tmp_path, run, *asked)
    monkeypatch.setattr(scorer, "MOMENTS_ONLY", 20)
    monkeypatch.setattr(feature_set, "Collector", lambda *_: pytest.fail("features were kept"))
    sums = scored(tmp_path, run, *asked)
    for part in ("value", "error", "error_samples"):
        assert sums["scores"]["fid"][part] == pytest.approx(kept["scores"]["fid"][part], rel=1e-5), part
    for side in ("samples", "reference"):
        assert sums[side] == {**kept[side], "duplicates": None}
    assert sums["protocol"] == kept["protocol"]


def test_the_error_bar_of_a_few_drawn_features_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variance of 4,096 points is known to 2.2 %, so the error bar to 1.1 %: within four such deviations."""
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(20_000, 16, generator=generator) * scale for scale in (1.0, 1.2))
    few = [side[draw(len(side))] for side in (real, fake)]
    part = fid(*few, moments(real), moments(fake))["fid"]
    monkeypatch.setattr(frechet_error, "ERROR_POINTS", 20_000)
    whole = fid(real, fake)["fid"]
    assert part.value == pytest.approx(whole.value, rel=1e-9)
    assert part.error == pytest.approx(whole.error, rel=0.045)
    assert part.error_samples == pytest.approx(whole.error_samples, rel=0.045)


def test_sums_are_kept_and_features_in_the_store_are_used(tmp_path, how: Extraction, monkeypatch) -> None:
    images, store, other = array_images(pictures(60)), Store(tmp_path), Store(tmp_path / "other")
    first = FeatureSet.from_samples(images, how, store, tick, sums=True)
    FeatureSet.from_samples(images, how, other, tick)
    monkeypatch.setattr(feature_set, "batches_of", lambda *_: pytest.fail("decoded again"))
    again = FeatureSet.from_samples(images, how, store, tick, sums=True)
    assert again.facts == first.facts
    assert torch.equal(again.moments.covariance, first.moments.covariance)
    assert again.moments.count == 60
    torch.testing.assert_close(
        FeatureSet.from_samples(images, how, other, tick, sums=True).moments.mean, first.moments.mean
    )


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures(how: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own: what is remembered of single pictures. Four times as many may take a tenth more."""
    monkeypatch.setattr(running_moments, "ERROR_POINTS", 50)

    def endless(count: int) -> Iterator[np.ndarray]:
        block = pictures(50)
        for number in range(count // 50):
            yield from np.roll(block, number, axis=2)

    def peak(count: int) -> int:
        tracemalloc.start()
        found = FeatureSet.from_samples(stream_images(endless(count), "stream"), how, NOTHING_KEPT, tick, sums=True)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (found.facts.count, found.moments.count, len(found.features)) == (count, count, 50)
        return taken

    peak(500)  # what is imported and set up once
    assert peak(8_000) < 1.1 * peak(2_000)


@pytest.mark.torchrun
@pytest.mark.slow
@pytest.mark.parametrize(("world", "count"), [(2, 5_001), (3, 2)])
def test_ranks_sum_up_what_one_process_does(
    world: int, count: int, tmp_path: Path, how: Extraction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5,001 pictures, of which both draw the same 4,096; 2, of which one rank has none. 1e-5, as batches differ."""
    source, target, kept = tmp_path / "pictures.npy", tmp_path / "found.npz", tmp_path / "kept"
    np.save(source, pictures(count))
    ended = run_ranks(world, WORKER, str(source), str(target), str(kept))
    assert [process.returncode for process in ended] == [0] * world, ended[0].stderr[-500:]
    alone = FeatureSet.from_samples(array_images(pictures(count)), how, NOTHING_KEPT, tick, sums=True)
    with np.load(target) as found:
        assert str(found["mark"]) == alone.facts.fingerprint
        for name in ("mean", "covariance"):
            np.testing.assert_allclose(found[name], getattr(alone.moments, name), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found["drawn"], alone.features, rtol=1e-5, atol=1e-5)
        monkeypatch.setattr(feature_set, "batches_of", lambda *_: pytest.fail("decoded again"))
        again = FeatureSet.from_samples(
            array_images(pictures(count)), how, Store(kept), tick, sums=True
        )  # what rank 0 has kept
        assert np.array_equal(again.moments.covariance, found["covariance"])


def test_sums_are_compared_with_float32_too(how: Extraction, tmp_path: Path) -> None:
    """A shorter arithmetic says of sums what it says of kept features, and the store keeps it."""
    short = replace(how, extractor=open_extractor("digits", device=torch.device("cpu"), precision="bf16"))
    images = array_images(pictures(60))
    found, kept = (
        FeatureSet.from_samples(images, short, Store(tmp_path), tick, sums=True),
        FeatureSet.from_samples(images, short, NOTHING_KEPT, tick),
    )
    again = FeatureSet.from_samples(images, short, Store(tmp_path), tick, sums=True)
    for one in (found.precision_sample, kept.precision_sample, again.precision_sample):
        assert one is not None
        assert one.own.shape == one.float32.shape == (60, found.features.shape[1])
        torch.testing.assert_close(one.own, found.features)
        assert 0 < float((one.own - one.float32).abs().max()) < 0.05 * float(one.float32.abs().max())


def test_a_census_that_remembers_nothing_counts_the_same() -> None:
    images = array_images(pictures(6))
    light, whole = Census(keeping=False), Census()
    for census in (light, whole):
        census.add([record_of(index, images.item(index)) for index in range(6)], [])
    assert light.facts() == replace(whole.facts(), duplicates=None)
    assert (light.indices, whole.indices) == ([], list(range(6)))


def test_one_picture_has_no_covariance(how: Extraction) -> None:
    with pytest.raises(ContentError, match="found 1 images, needed at least 2 for statistics"):
        FeatureSet.from_samples(array_images(pictures(1)), how, NOTHING_KEPT, tick, sums=True)
