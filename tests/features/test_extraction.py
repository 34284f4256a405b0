"""From pictures to features: order, batches, bad pictures, memory, and that nothing is decoded twice."""

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganeval.errors import BadImage, ContentError
from ganeval.extractors import open_extractor
from ganeval.features import extraction
from ganeval.features.extraction import Extraction, prepare
from ganeval.features.feature_set import FeatureSet
from ganeval.features.resize import RESIZES
from ganeval.features.store import Store
from ganeval.media.arrays import array_images
from ganeval.media.base import SampleSet
from ganeval.media.census import Census, record_of
from ganeval.media.files import folder_images
from ganeval.media.prefetch import NICENESS, ahead
from ganeval.media.streams import stream_images

NOTHING_KEPT = Store(None)


def tick(stage: str, done: int, total: int | None) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def how() -> Extraction:
    return Extraction(open_extractor("digits", device=torch.device("cpu")), "tf1-bilinear")


def pictures(count: int, size: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_batch_size_changes_features_by_rounding_only(how: Extraction, size: int) -> None:
    images = array_images(pictures(50))
    whole = FeatureSet.from_samples(images, how, NOTHING_KEPT, tick).features
    parts = FeatureSet.from_samples(images, replace(how, batch_size=size), NOTHING_KEPT, tick).features
    torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)  # float32 sums in another order


def test_features_come_in_the_order_of_the_pictures(how: Extraction) -> None:
    array = pictures(40)
    straight = FeatureSet.from_samples(array_images(array), replace(how, batch_size=3), NOTHING_KEPT, tick).features
    turned = FeatureSet.from_samples(
        array_images(array[::-1].copy()), replace(how, batch_size=3), NOTHING_KEPT, tick
    ).features
    torch.testing.assert_close(straight, turned.flip(0), rtol=1e-5, atol=1e-5)


def test_a_stream_and_an_array_of_the_same_pictures_agree(how: Extraction) -> None:
    array = pictures(30)
    streamed = FeatureSet.from_samples(stream_images(iter(array), "stream"), how, NOTHING_KEPT, tick)
    stored = FeatureSet.from_samples(array_images(array), how, NOTHING_KEPT, tick)
    assert streamed.facts == stored.facts
    torch.testing.assert_close(streamed.features, stored.features)


def test_mixed_sizes_are_each_resized_alone(how: Extraction, tmp_path: Path) -> None:
    for i, size in enumerate((8, 12, 8, 30)):
        Image.fromarray(pictures(1, size, seed=i)[0]).save(tmp_path / f"{i}.png")
    together = FeatureSet.from_samples(folder_images(tmp_path), how, NOTHING_KEPT, tick)
    assert together.facts.shape is None
    assert together.facts.sizes == 3
    for i, size in enumerate((8, 12, 8, 30)):
        alone = FeatureSet.from_samples(array_images(pictures(1, size, seed=i)), how, NOTHING_KEPT, tick)
        torch.testing.assert_close(together.features[i], alone.features[0], rtol=1e-5, atol=1e-5)


def damaged_folder(folder: Path) -> Path:
    for i, array in enumerate(pictures(6)):
        Image.fromarray(array).save(folder / f"{i}.png")
    whole = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(whole[: len(whole) // 2])
    return folder


def test_a_bad_picture_stops_the_run_with_its_name(how: Extraction, tmp_path: Path) -> None:
    with pytest.raises(BadImage, match=r"2\.png: .*truncated"):
        FeatureSet.from_samples(folder_images(damaged_folder(tmp_path)), how, NOTHING_KEPT, tick)


def test_skipping_leaves_it_out_lists_it_and_remembers_which_were_kept(how: Extraction, tmp_path: Path) -> None:
    images, skipping = folder_images(damaged_folder(tmp_path)), replace(how, on_bad_image="skip")
    found = FeatureSet.from_samples(images, skipping, NOTHING_KEPT, tick)
    assert found.facts.count == len(found.features) == 5
    assert [name.rpartition("/")[2] for name, _ in found.facts.skipped] == ["2.png"]
    assert found.indices.tolist() == [0, 1, 3, 4, 5]


def test_a_cached_skip_is_still_refused_where_skipping_is_not_allowed(how: Extraction, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    images, store = folder_images(damaged_folder(tmp_path / "images")), Store(tmp_path / "store")
    FeatureSet.from_samples(images, replace(how, on_bad_image="skip"), store, tick)
    with pytest.raises(BadImage, match=r"2\.png"):
        FeatureSet.from_samples(images, how, store, tick)


def test_nothing_readable_is_an_error(how: Extraction, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ContentError, match="no image that can be read"):
        FeatureSet.from_samples(folder_images(tmp_path), replace(how, on_bad_image="skip"), NOTHING_KEPT, tick)


class Counted(SampleSet):
    """Pictures that count how often each is decoded, and how many are decoded but not yet extracted."""

    def __init__(self, whole: SampleSet) -> None:
        super().__init__(whole.name)
        self.whole, self.decoded, self.waiting, self.most = whole, [0] * len(whole), 0, 0
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.whole)

    def name_of(self, index: int) -> str:
        return self.whole.name_of(index)

    def digest(self, index: int) -> bytes:
        return self.whole.digest(index)

    def item(self, index: int):
        with self.lock:
            self.decoded[index] += 1
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        return self.whole.item(index)


def test_each_picture_is_decoded_once_and_few_wait_for_the_network(how: Extraction) -> None:
    images = Counted(array_images(pictures(400)))

    def watch(stage: str, done: int, total: int | None) -> None:
        if stage == "extract":
            with images.lock:
                images.waiting = sum(images.decoded) - done

    FeatureSet.from_samples(images, replace(how, batch_size=8), NOTHING_KEPT, watch)
    assert images.decoded == [1] * 400
    assert images.most < 200  # bounded by threads, not by the number of pictures


def test_work_ahead_keeps_order_and_is_bounded() -> None:
    started: list[int] = []

    def tasks() -> Iterator:
        for i in range(100):
            started.append(i)
            yield i

    results = ahead(str, tasks(), threads=2, polite=False)
    assert next(results) == "0"
    assert len(started) <= 5
    assert list(results) == [str(i) for i in range(1, 100)]


def test_an_error_in_a_thread_reaches_the_caller_and_stops_the_work() -> None:
    ran: list[int] = []

    def task(i: int) -> int:
        ran.append(i)
        if i == 3:
            raise ContentError("third")
        return i

    with pytest.raises(ContentError, match="third"):
        list(ahead(task, range(1000), threads=2, polite=True))
    assert len(ran) < 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have a priority of their own on Linux")
def test_decoding_steps_back_for_a_network_on_the_same_cores_and_for_no_other() -> None:
    def niceness(_: int = 0) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = niceness()
    assert list(ahead(niceness, range(3), threads=2, polite=True)) == [min(19, own + NICENESS)] * 3
    assert list(ahead(niceness, range(3), threads=2, polite=False)) == [own] * 3
    assert niceness() == own


def test_the_census_counts_duplicates_by_pixels_not_by_files() -> None:
    array = pictures(5)
    array[3] = array[1]
    census, images = Census(), array_images(array)
    census.add([record_of(i, images.item(i)) for i in range(5)], [])
    assert census.facts().duplicates == 1


def test_the_fingerprint_sees_order_and_every_pixel() -> None:
    def fingerprint(array: np.ndarray) -> str:
        census, images = Census(), array_images(array)
        census.add([record_of(i, images.item(i)) for i in range(len(array))], [])
        return census.facts().fingerprint

    array = pictures(4)
    changed = array.copy()
    changed[2, 5, 1, 0] ^= 1
    prints = {fingerprint(array), fingerprint(array[::-1].copy()), fingerprint(changed), fingerprint(array[:3])}
    assert len(prints) == 4
    assert fingerprint(array.transpose(0, 3, 1, 2).copy()) == fingerprint(array)


def test_a_network_that_gives_nan_is_refused_with_the_picture(how: Extraction) -> None:
    def network(batch: torch.Tensor) -> torch.Tensor:
        extraction = batch.mean((2, 3))
        extraction[batch[:, 0, 0, 0] == 255] = torch.nan
        return extraction

    array = pictures(20)
    array[:, 0, 0, 0] = 0
    array[13, 0, 0, 0] = 255
    network.size = 8  # type: ignore[attr-defined]
    own = Extraction(open_extractor(network, device=torch.device("cpu")), "tf1-bilinear", batch_size=6)
    with pytest.raises(ContentError, match="not finite for image 13"):
        FeatureSet.from_samples(array_images(array), own, NOTHING_KEPT, tick)


def test_few_pictures_are_held_in_their_own_size(how: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def watched(pixels: list[np.ndarray], size: int, device: torch.device) -> torch.Tensor:
        held.append(len(pixels))
        return RESIZES["tf1-bilinear"](pixels, size, device)

    images = array_images(pictures(20, 32))
    whole = prepare(images.items(range(20)), how).pixels
    monkeypatch.setattr(extraction, "UNRESIZED_BYTES", 3 * 32 * 32 * 3)
    monkeypatch.setattr(extraction, "RESIZES", {"tf1-bilinear": watched})
    parts = prepare(images.items(range(20)), how).pixels
    assert held == [4, 4, 4, 4, 4]
    assert torch.equal(parts, whole)
