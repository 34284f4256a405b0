"""Random samples beside the nearest real images: which they are, how far, of what class, and where they are kept."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

from ganeval.evaluation.gallery import IMAGES, LONGER_SIDE, Album, Reservoir, gallery_of, image_block
from ganeval.evaluation.scorer import Scorer
from ganeval.evaluation.settings import Settings
from ganeval.features.feature_set import FeatureSet
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.media.streams import stream_images
from ganeval.metrics.nearest import nearest_of
from ganeval.metrics.ranks import Ranks
from ganeval.progress import silent
from ganeval.runtime.files import write_arrays
from ganeval.sources.datasets import open_dataset

Run = Callable[..., Result]


def normal(count: int, width: int, seed: int) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def flat(count: int) -> Callable[[int], np.ndarray]:
    """A set whose image of a row is of one grey, that of its number."""
    return lambda row: np.full((3, 8, 8), row % count, np.uint8)


def album(features: torch.Tensor, **more: Any) -> Album:
    return Album("mine", features, flat(256), **more)


# the nearest real image


@pytest.mark.parametrize(("count", "width"), [(5, 3), (300, 16), (3000, 4)])
def test_neighbours_and_distances_are_those_of_brute_force(count: int, width: int) -> None:
    real, fake = normal(count, width, 0), normal(40, width, 1)
    found = nearest_of(fake, real, seed=7)
    assert found is not None
    squares = ((fake.double()[:, None] - real.double()[None]) ** 2).sum(2).numpy()
    assert found[0].tolist() == squares.argmin(1).tolist()
    own = ((real.double()[:, None] - real.double()[None]) ** 2).sum(2).sqrt().numpy()
    apart = (own + np.diag(np.full(count, np.inf))).min(1)
    drawn = np.random.RandomState(7).permutation(count)[:1000]  # of more, the unit is measured on a thousand
    expected = np.sqrt(squares.min(1)) / np.median(apart[drawn])
    np.testing.assert_allclose(found[1].numpy(), expected, rtol=1e-12)


def test_planted_copies_are_at_no_distance_and_near_copies_near_it() -> None:
    real = normal(500, 64, 0) + 300  # far from the origin, where products lose their digits
    fake = torch.cat([real[[3, 99]], real[[7]] + 1e-3, normal(1, 64, 5) + 300])
    found = nearest_of(fake, real, seed=0)
    assert found is not None
    assert found[0][:3].tolist() == [3, 99, 7]
    assert found[1][:2].tolist() == [0, 0]
    assert 0 < found[1][2] < 0.01
    assert found[1][3] > 0.5


def test_a_real_image_that_is_there_twice_is_not_its_own_neighbour() -> None:
    real = torch.tensor([[0.0], [0.0], [0.0], [2.0], [5.0]])
    found = nearest_of(torch.tensor([[7.0]]), real, seed=0)
    assert found is not None
    assert found[1].tolist() == [2 / 2.5]  # the others are 2 and 3 from theirs


def test_where_real_images_are_all_alike_there_is_no_unit_and_no_neighbour() -> None:
    found = gallery_of(album(normal(10, 4, 0)), album(torch.ones(6, 4)), seed=0)
    assert set(found) == {"pictures"}
    assert set(gallery_of(album(normal(10, 4, 0)), album(torch.ones(1, 4)), seed=0)) == {"pictures"}


# what is shown


def test_the_images_are_drawn_at_random_with_the_seed_each_with_its_own_neighbour() -> None:
    real, fake = normal(200, 4, 0), normal(100, 4, 1)
    found = gallery_of(album(fake), album(real), seed=3)
    rows = np.random.RandomState(3).permutation(100)[:IMAGES]
    assert found["pictures"].shape == found["neighbours"].shape == (IMAGES, 8, 8, 1)
    assert found["pictures"][:, 0, 0, 0].tolist() == rows.tolist()
    nearest = torch.cdist(fake[rows].double(), real.double()).argmin(1)
    assert found["neighbours"][:, 0, 0, 0].tolist() == nearest.tolist()
    assert (str(found["neighbours_of"]), found["distances"].dtype) == ("mine", np.float32)
    assert not np.array_equal(gallery_of(album(fake), None, seed=4)["pictures"], found["pictures"])


def test_few_samples_are_all_shown() -> None:
    shown = gallery_of(album(normal(5, 4, 0)), None, seed=0)["pictures"]
    assert sorted(shown[:, 0, 0, 0].tolist()) == [0, 1, 2, 3, 4]


def test_classes_have_eight_samples_of_their_own_and_white_where_there_are_fewer() -> None:
    labels = np.array([0] * 60 + [2] * 3, np.int64)
    found = gallery_of(album(normal(63, 4, 0), labels=labels, classes=("a", "b", "c")), None, seed=0)
    assert found["classes"].tolist() == ["a", "b", "c"]
    assert found["labels"].tolist() == labels[found["pictures"][:, 0, 0, 0]].tolist()
    sheet = found["by_class"]
    assert sheet.shape == (3, 8, 8, 8, 1)
    first = sheet[0, :, 0, 0, 0].tolist()
    assert len(set(first)) == 8
    assert max(first) < 60
    assert max(first) > 8, "random ones, not the first"
    assert (sheet[1] == 255).all()
    assert sorted(sheet[2, :3, 0, 0, 0].tolist()) == [60, 61, 62]
    assert (sheet[2, 3:] == 255).all()


def test_of_many_classes_a_hundred_are_shown_and_without_names_their_numbers_stand() -> None:
    labels = np.arange(300) % 150
    found = gallery_of(album(normal(300, 4, 0), labels=labels), None, seed=0)
    assert len(found["by_class"]) == 100
    assert found["classes"].tolist() == [str(label) for label in range(150)]


def test_images_of_several_sizes_get_the_commonest_and_large_ones_are_made_smaller() -> None:
    small, wide = np.full((3, 10, 12), 9, np.uint8), np.full((3, 20, 60), 200, np.uint8)
    block = image_block([small, wide, small])
    assert block.shape == (3, 10, 12, 1)
    assert [int(one.mean()) for one in block] == [9, 200, 9]
    assert image_block([np.zeros((3, 300, 600), np.uint8)]).shape == (1, 64, LONGER_SIDE, 1)
    red = small.copy()
    red[0] = 10
    assert image_block([small, red]).shape == (2, 10, 12, 3)
    sharp = np.random.RandomState(0).randint(0, 256, (3, 40, 30), np.uint8)
    other = np.asarray(Image.fromarray(sharp.transpose(1, 2, 0)).resize((12, 10), Image.Resampling.BICUBIC))
    assert np.array_equal(image_block([small, sharp, small])[1], other)


# streams, which pass once


def numbered(count: int) -> Iterator[np.ndarray]:
    return (np.full((8, 8, 3), index % 256, np.uint8) for index in range(count))


@pytest.mark.parametrize("count", [3, 32, 33, 200])
def test_a_stream_passes_unchanged_and_some_of_its_images_are_kept(count: int) -> None:
    stream = Reservoir(stream_images(numbered(count), "mine"), seed=0)
    seen = [int(image.pixels[0, 0, 0]) for batch in stream.batches(7) for image in batch]
    assert seen == list(range(count))
    kept = [index for index, _ in stream.images]
    assert len(set(kept)) == len(kept) == min(IMAGES, count)
    assert all((pixels == index).all() for index, pixels in stream.images)


def test_each_image_of_a_stream_is_as_likely_to_be_kept() -> None:
    counts = np.zeros(64)
    for seed in range(600):
        stream = Reservoir(stream_images(numbered(64), "mine"), seed=seed)
        assert sum(map(len, stream.batches(64))) == 64
        counts[[index for index, _ in stream.images]] += 1
    # each is kept in half of the draws: 300 ± 12.2; of 64 the largest of these deviations stays below 4.5 of them
    assert abs(counts - 300).max() < 4.5 * 12.25


def test_a_stream_is_shown_with_the_neighbours_of_what_was_kept() -> None:
    digits = open_dataset("digits:test")
    pixels = np.stack([digits.item(index).pixels.transpose(1, 2, 0) for index in range(100)])
    scorer = Scorer("digits", Settings(metrics=["fid"]))
    report, gallery = scorer.score_and_show(iter(pixels), "mine")
    assert gallery is not None
    assert len(gallery["neighbours"]) == IMAGES
    held = {one.tobytes() for one in pixels[..., :1]}
    assert all(one.tobytes() in held for one in gallery["pictures"])
    whole, _ = scorer.score_and_show(array_images(pixels), "mine")
    assert report.scores == whole.scores
    assert report.scores == scorer.score(iter(pixels), "mine").scores


# the whole way


def test_digits_beside_the_training_digits_nearest_to_their_features() -> None:
    scorer = Scorer("digits", Settings(metrics=["fid"]))
    report, gallery = scorer.score_and_show("digits:test", "mine")
    assert gallery is not None
    test, train = (
        FeatureSet.from_samples(open_dataset(name), scorer.extraction, Store(None), silent).features
        for name in ("digits:test", "digits:train")
    )
    rows = np.random.RandomState(2020).permutation(len(test))[:IMAGES]
    nearest = torch.cdist(test[rows].double(), train.double()).argmin(1)
    for place, (row, neighbour) in enumerate(zip(rows.tolist(), nearest.tolist(), strict=True)):
        assert np.array_equal(gallery["pictures"][place, ..., 0], open_dataset("digits:test").item(row).pixels[0])
        assert np.array_equal(gallery["neighbours"][place, ..., 0], open_dataset("digits").item(neighbour).pixels[0])
    assert str(gallery["neighbours_of"]) == "digits:train"
    assert 0.7 < np.median(gallery["distances"]) < 1.4, "real images lie among real images as these do"
    assert gallery["by_class"].shape == (10, 8, 8, 8, 1)
    assert report.scores == scorer.score("digits:test", "mine").scores


def test_the_first_of_several_ranks_shows_images_beside_a_set_that_the_others_never_see() -> None:
    class FirstRank(Ranks):
        """Rank 0 of two, which has all images itself; it counts how often it would wait for the other."""

        world, exchanges = 2, 0

        def part(self, count: int) -> range:
            return range(count)

        def gather(self, value: Any) -> list[Any]:
            self.exchanges += 1
            return [value]

    ranks = FirstRank()
    scorer = Scorer("digits:selection", Settings(metrics=["fid"], cache=False), ranks=ranks)
    before = ranks.exchanges
    scorer.score_and_show("digits:test")
    alone, before = ranks.exchanges - before, ranks.exchanges
    _, gallery = scorer.score_and_show("digits:test", beside=open_dataset("digits"))
    assert gallery is not None
    assert str(gallery["neighbours_of"]) == "digits:train"
    assert ranks.exchanges - before == alone


def test_a_run_folder_holds_a_gallery_the_same_every_time(run: Run, digits_folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        result = run("score", "--samples", digits_folder, "--ref", "digits", "--out", tmp_path / name)
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "a" / "gallery.npz").read_bytes() == (tmp_path / "b" / "gallery.npz").read_bytes()
    with np.load(tmp_path / "a" / "gallery.npz") as gallery:
        assert set(gallery) == {"pictures", "neighbours", "distances", "neighbours_of"}
        held = {np.asarray(Image.open(path)).tobytes() for path in digits_folder.iterdir()}
        assert all(one.tobytes() in held for one in gallery["pictures"])


def test_beside_a_statistics_file_samples_stand_alone(run: Run, digits_folder: Path, tmp_path: Path) -> None:
    statistics = tmp_path / "real.npz"
    assert run("features", "digits", "-o", statistics).exit_code == 0
    out = tmp_path / "run"
    assert run("score", "--samples", digits_folder, "--ref", statistics, "--out", out).exit_code == 0
    with np.load(out / "gallery.npz") as gallery:
        assert set(gallery) == {"pictures"}


def test_points_have_no_gallery_and_take_that_of_former_samples_away(run: Run, tmp_path: Path) -> None:
    write_arrays(tmp_path / "run" / "gallery.npz", {"pictures": np.zeros(3)})
    result = run("score", "--samples", "ring8:test", "--ref", "ring8", "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["config.json", "report.json"]


def test_bad_images_that_are_skipped_are_not_shown(run: Run, digits_folder: Path, tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    samples.mkdir()
    for number, path in enumerate(sorted(digits_folder.iterdir())[:20]):
        (samples / f"{number:02}.png").write_bytes(b"torn" if number in (0, 7) else path.read_bytes())
    options = ("--on-bad-image", "skip", "--metrics", "fid", "--out", tmp_path / "run")
    result = run("score", "--samples", samples, "--ref", "digits", *options)
    assert result.exit_code == 0, result.stderr
    with np.load(tmp_path / "run" / "gallery.npz") as gallery:
        assert len(gallery["pictures"]) == 18


def test_objects_are_refused_as_they_would_be_pickled(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found objects in labels, needed plain numbers or text"):
        write_arrays(tmp_path / "a.npz", {"pictures": np.zeros(2), "labels": np.array([None])})
    assert not list(tmp_path.iterdir())
