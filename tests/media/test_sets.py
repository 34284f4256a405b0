"""One set of pictures, however it is held; and archives and arrays that mean harm."""

import io
import os
import stat
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from ganeval.errors import BadImage, ContentError, UsageError
from ganeval.media.arrays import array_images, npy_images, npz_images
from ganeval.media.files import folder_images, tar_images, zip_images
from ganeval.media.streams import stream_images

RANDOM = np.random.default_rng(11)


def picture_bytes(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def noise(*shape):
    return RANDOM.integers(0, 256, shape, np.uint8)


def write_folder(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def write_zip(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return path


@pytest.fixture
def files():
    names = ["cat/10.png", "cat/9.PNG", "dog/a/1.png", "dog.png/2.png"]
    return {name: picture_bytes(noise(6, 5, 3)) for name in names}


def three_ways(tmp_path, files):
    return (
        folder_images(write_folder(tmp_path / "folder", files)),
        zip_images(write_zip(tmp_path / "a.zip", files)),
        tar_images(write_tar(tmp_path / "a.tar", files)),
    )


def all_pixels(images):
    return [images.item(index).pixels for index in range(len(images))]


NAMES = st.lists(st.text("abAB.0-_ é", min_size=1, max_size=4), min_size=1, max_size=3).map("/".join)
CLEAN = NAMES.filter(lambda name: not any(part.startswith(".") or part.strip() != part for part in name.split("/")))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(CLEAN, min_size=1, max_size=6, unique_by=str.casefold),
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=5, max_side=7).map(lambda s: (6, *s, 3))),
    st.randoms(),
)
def test_folder_zip_tar_and_npz_hold_the_same(names, pixels, random):
    files = {f"{name}.png": picture_bytes(image) for name, image in zip(names, pixels, strict=False)}
    pixels = dict(zip(files, pixels, strict=False))
    shuffled = list(files)
    random.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        try:
            sets = three_ways(Path(folder), {name: files[name] for name in shuffled})
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return  # one name is another's folder
        np.savez(Path(folder) / "a.npz", np.stack([pixels[name] for name in sorted(files)]))
        packed = npz_images(Path(folder) / "a.npz")
        expected = [pixels[name].transpose(2, 0, 1) for name in sorted(files)]
        for images in (*sets, packed):
            np.testing.assert_array_equal(all_pixels(images), expected)
        assert len({images.bytes_hash() for images in sets}) == 1
        assert len({images.classes for images in sets}) == 1


def test_order_labels_and_names(tmp_path, files):
    for images, joint in zip(three_ways(tmp_path, files), (os.sep, "!", "!"), strict=True):
        assert images.classes == ("cat", "dog", "dog.png")
        assert images.labels.tolist() == [0, 0, 2, 1]  # "dog.png/" sorts before "dog/"
        assert images.labels.dtype == np.int64
        assert images.name_of(0) == f"{images.name}{joint}cat/10.png"
        assert [len(batch) for batch in images.batches(3)] == [3, 1]


def test_one_face_of_folders_archives_arrays_and_streams(tmp_path, files):
    """Items by batch, digests and sizes as stored; of a stream the batches alone."""
    sets = three_ways(tmp_path, files)
    array = np.stack([image.transpose(1, 2, 0) for image in all_pixels(sets[0])])
    arrays, stream = array_images(array, "array"), stream_images(array, "stream")
    for images in (*sets, arrays, stream, sets[0].subset([3, 1, 2]), arrays.subset([0])):
        batches = list(images.map_batches(list, 3))
        total = sum(map(len, batches))
        assert [index for batch in batches for index, _ in batch] == list(range(total))
        assert [len(batch) for batch in batches] == [min(3, total), total - 3][: -(-total // 3)]
        if images.random_access:
            assert images.count == len(images) == total
            for index, image in (item for batch in batches for item in batch):
                assert image.digest == images.digest(index) == images.item(index).digest
            part = list(images.map_batches(list, 1, part=range(1, len(images)), polite=True))
            assert [index for batch in part for index, _ in batch] == list(range(1, len(images)))
    for images in sets:
        assert [images.size_of(index) for index in range(4)] == [len(files[name]) for name in sorted(files)]
        (chosen,) = images.subset([2]).map_batches(list, 9)
        assert images.subset([2]).size_of(0) == images.size_of(2)
        np.testing.assert_array_equal(chosen[0][1].pixels, images.item(2).pixels)
    assert arrays.size_of(1) == 6 * 5 * 3


def test_a_bad_image_is_an_item_of_its_batch_or_raised(tmp_path, files):
    images = folder_images(write_folder(tmp_path / "a", {**files, "cat/2.png": b""}))
    (batch,) = images.map_batches(list, 9)
    assert [isinstance(image, BadImage) for _, image in batch] == [False, True, False, False, False]
    with pytest.raises(BadImage, match=r"2\.png: the file is empty"):
        list(images.batches(9))


def test_labels_only_where_every_picture_has_one(tmp_path):
    data = picture_bytes(noise(2, 2, 3))
    one = folder_images(write_folder(tmp_path / "one", {"a/1.png": data, "a/2.png": data}))
    loose = folder_images(write_folder(tmp_path / "loose", {"a/1.png": data, "b/2.png": data, "3.png": data}))
    assert (one.labels, one.classes, loose.labels, loose.classes) == (None, None, None, None)


def test_what_is_passed_over_is_counted(tmp_path):
    data = picture_bytes(noise(2, 2, 3))
    hidden = [".DS_Store", ".git/a.png", ".git/b.png", "__MACOSX/._1.png", "sub/.x.png"]
    files = {"1.png": data} | dict.fromkeys([*hidden, "a.txt", "sub/b.TXT", "README", "labels.csv"], data)
    for images in three_ways(tmp_path, files):
        assert images.ignored == {".txt": 2, "no extension": 1, ".csv": 1, "hidden": 4}
        assert len(images) == 1


def test_no_pictures(tmp_path):
    for name, count, found in (
        ("a", 3, "3 files, none of them images (.txt 3)"),
        ("b", 0, "no files"),
        ("c", 1, "1 file, none"),
    ):
        (tmp_path / name).mkdir()
        write_folder(tmp_path / name, {f"{i}.txt": b"" for i in range(count)})
        with pytest.raises(ContentError) as caught:
            folder_images(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: found {found}")
        assert "; needed png, jpg, " in str(caught.value)
    with pytest.raises(UsageError, match="no such folder"):
        folder_images(tmp_path / "absent")
    for opened in (zip_images, tar_images, npz_images, npy_images):
        with pytest.raises(UsageError, match="no such file"):
            opened(tmp_path / "absent")


def test_links_in_folders(tmp_path):
    data = picture_bytes(noise(2, 2, 3))
    root = write_folder(tmp_path / "root", {"a/1.png": data})
    outside = write_folder(tmp_path / "outside", {"3.png": data, "4.png": data})
    (root / "a" / "2.png").symlink_to(root / "a" / "1.png")
    (root / "b").symlink_to(outside)
    (root / "a" / "loop").symlink_to(root)
    (root / "gone.png").symlink_to(tmp_path / "nowhere")
    images = folder_images(root)
    assert [images.name_of(i)[len(str(root)) + 1 :] for i in range(5)] == [
        "a/1.png",
        "a/2.png",
        "b/3.png",
        "b/4.png",
        "gone.png",
    ]
    with pytest.raises(BadImage, match=r"gone\.png: cannot be read: No such file"):
        images.item(4)
    assert len(images.bytes_hash()) == 64


def test_a_named_pipe_is_not_waited_on(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(BadImage, match="not a regular file"):
        folder_images(tmp_path).item(0)


def test_reading_pictures_needs_no_torch():
    code = (
        "import sys, ganeval.media.files, ganeval.media.arrays, ganeval.media.streams; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bad_pictures_are_found_by_name(tmp_path):
    jpeg = picture_bytes(noise(8, 8, 3), "JPEG")
    for images in three_ways(tmp_path, {"a.jpg": jpeg, "b.png": jpeg, "c.jpg": jpeg[:-40]}):
        assert images.item(0).format == images.item(1).format == "jpeg"
        assert images.item(1).converted == ("misnamed",)
        with pytest.raises(BadImage) as caught:
            images.item(2)
        assert caught.value.name == images.name_of(2)
        assert "truncated" in caught.value.reason


def test_subsets(tmp_path, files):
    images = folder_images(write_folder(tmp_path / "all", files))
    chosen = images.subset([3, 0])
    few = folder_images(write_folder(tmp_path / "few", {k: files[k] for k in ("dog/a/1.png",)}))
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.classes == images.classes
    assert chosen.name_of(1) == images.name_of(0)
    np.testing.assert_array_equal(chosen.item(0).pixels, images.item(3).pixels)
    assert chosen.subset([0]).bytes_hash() == images.subset([3]).bytes_hash() == few.bytes_hash()
    assert images.subset(np.arange(4)).bytes_hash() == images.bytes_hash() != chosen.bytes_hash()
    with pytest.raises(IndexError):
        images.subset([4])


def test_one_changed_byte_changes_the_hash(tmp_path, files):
    before = folder_images(write_folder(tmp_path, files)).bytes_hash()
    (tmp_path / "cat/10.png").write_bytes(picture_bytes(noise(6, 5, 3)))
    assert folder_images(tmp_path).bytes_hash() != before


@pytest.mark.parametrize("write", [write_zip, write_tar])
@pytest.mark.parametrize("name", ["../a.png", "/etc/a.png", "a/../../b.png", "..\\a.png", "C:\\a.png"])
def test_path_traversal_is_refused(tmp_path, write, name):
    path = write(tmp_path / "bad", {"ok.png": b"", name: b""})
    with pytest.raises(ContentError) as caught:
        (zip_images if write is write_zip else tar_images)(path)
    assert name in str(caught.value)
    assert "path traversal" in str(caught.value)


def test_clean_names_and_twins(tmp_path):
    data = picture_bytes(noise(2, 2, 3))
    images = tar_images(write_tar(tmp_path / "dot.tar", {"./b/1.png": data, "./a//1.png": data}))
    assert images.classes == ("a", "b")
    with tarfile.open(tmp_path / "twin.tar", "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("a.png"), io.BytesIO())
    with pytest.raises(ContentError, match=r"holds 'a\.png' twice"):
        tar_images(tmp_path / "twin.tar")


def test_links_and_devices_in_archives_are_passed_over(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"a.png": picture_bytes(noise(2, 2, 3))})
    with tarfile.open(path, "a") as archive:
        for name, kind in (("b.png", tarfile.SYMTYPE), ("c.png", tarfile.LNKTYPE), ("d.png", tarfile.CHRTYPE)):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)
    assert (len(tar_images(path)), tar_images(path).ignored) == (1, {"link": 2, "device": 1})
    link = zipfile.ZipInfo("b.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"")
        archive.writestr(link, "/etc/passwd")
    assert (len(zip_images(tmp_path / "a.zip")), zip_images(tmp_path / "a.zip").ignored) == (1, {"link": 1})


def declare(path, size=None, flags=None):
    """Rewrites what the central directory (and the local header's flags) of a one-member zip say."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\1\2")
    if size is not None:
        data[entry + 24 : entry + 28] = struct.pack("<I", size)
    if flags is not None:
        data[entry + 8 : entry + 10] = data[6:8] = struct.pack("<H", flags)
    path.write_bytes(data)
    return path


def test_zip_bombs_are_refused_unread(tmp_path):
    path = write_zip(tmp_path / "bomb.zip", {"a.png": bytes(65 * 2**20)})
    with pytest.raises(ContentError, match="a zip bomb"):
        zip_images(path)
    with pytest.raises(ContentError, match="at most 1,073,741,824 are read"):
        zip_images(declare(write_zip(tmp_path / "big.zip", {"a.png": b"x"}), size=2**30 + 1))
    write_zip(tmp_path / "lzma.zip", {"a.png": b"x"}, zipfile.ZIP_LZMA)
    with pytest.raises(ContentError, match="needed stored or deflated"):
        zip_images(tmp_path / "lzma.zip")


def test_a_zip_that_understates_a_size_is_read_no_further(tmp_path):
    images = zip_images(declare(write_zip(tmp_path / "lie.zip", {"a.png": bytes(2**20)}), size=100))
    with pytest.raises(BadImage, match="CRC"):
        images.item(0)
    assert images.bytes_hash()


def test_big_members_of_a_tar_are_refused(tmp_path):
    header = tarfile.TarInfo("a.png")
    header.size = 2**30 + 1
    with (tmp_path / "big.tar").open("wb") as stream:  # a hole on disk: nothing is written
        stream.write(header.tobuf())
        stream.truncate(2**30 + 512 * 4)
    with pytest.raises(ContentError, match="at most"):
        tar_images(tmp_path / "big.tar")


def test_encrypted_and_damaged_zips(tmp_path):
    data = picture_bytes(noise(9, 9, 3))
    with pytest.raises(ContentError, match=r"a\.png: encrypted"):
        zip_images(declare(write_zip(tmp_path / "locked.zip", {"a.png": data}), flags=1))
    whole = write_zip(tmp_path / "whole.zip", {"a.png": data}).read_bytes()
    for content in (b"", b"hello", whole[:-30]):
        (tmp_path / "damaged.zip").write_bytes(content)
        with pytest.raises(ContentError, match="not a zip archive, or a damaged one"):
            zip_images(tmp_path / "damaged.zip")
    (tmp_path / "flipped.zip").write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    with pytest.raises(BadImage, match=r"flipped\.zip!a\.png: cannot be read: "):
        zip_images(tmp_path / "flipped.zip").item(0)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_cut_anywhere_is_refused(tmp_path, format):
    data = picture_bytes(noise(4, 4, 3))
    with tarfile.open(tmp_path / "whole.tar", "w", format=format) as archive:
        for index in range(30):
            header = tarfile.TarInfo(f"{index}.png")
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
        end = archive.offset
    whole, cut = (tmp_path / "whole.tar").read_bytes(), tmp_path / "cut.tar"
    for length in (*range(0, end + 1, 512), end - 100, end + 511):
        cut.write_bytes(whole[:length])
        with pytest.raises(ContentError, match=r"cut\.tar: not a tar archive, or a damaged one"):
            tar_images(cut)
    for padding in (b"", bytes(5000)):
        cut.write_bytes(whole[: end + 512] + padding)  # some writers leave one block of zeros
        assert len(tar_images(cut)) == 30


def test_a_second_tar_behind_the_first_is_not_lost_in_silence(tmp_path):
    one = write_tar(tmp_path / "one.tar", {"a.png": picture_bytes(noise(2, 2, 3))}).read_bytes()
    (tmp_path / "two.tar").write_bytes(one + one)
    with pytest.raises(ContentError, match=r"found data behind its end at byte .*: several tars in one\?"):
        tar_images(tmp_path / "two.tar")


def test_compressed_and_damaged_tars(tmp_path):
    files = {f"{i}.png": picture_bytes(noise(9, 9, 3)) for i in range(3)}
    for mode, method in (("w:gz", "gzip"), ("w:bz2", "bzip2"), ("w:xz", "xz")):
        with pytest.raises(ContentError, match=f"compressed with {method}: unpack it, or make it a zip"):
            tar_images(write_tar(tmp_path / "a.tar", files, mode))
    whole = write_tar(tmp_path / "whole.tar", files).read_bytes()
    assert len(tar_images(tmp_path / "whole.tar")) == 3
    second = whole.index(b"1.png")
    spoilt = whole[: second + 150] + b"9" + whole[second + 151 :]  # its checksum field
    for content in (b"", b"hello", whole[:700], whole[: second + 100], spoilt):
        (tmp_path / "damaged.tar").write_bytes(content)
        with pytest.raises(ContentError, match="not a tar archive, or a damaged one"):
            tar_images(tmp_path / "damaged.tar")


@pytest.mark.parametrize("source", [0, 1, 2])
def test_threads_agree_with_one(tmp_path, source):
    files = {f"{i:03}.png": picture_bytes(noise(30, 30, 3)) for i in range(60)}
    images = three_ways(tmp_path, files)[source]
    serial = [pixels.tobytes() for pixels in all_pixels(images)]
    with ThreadPoolExecutor(4) as pool:
        assert [p.pixels.tobytes() for p in pool.map(images.item, range(60))] == serial


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_array_layouts(channels):
    last = noise(5, 6, 7) if channels is None else noise(5, 6, 7, channels)
    layouts = [last] if channels is None else [last, last.transpose(0, 3, 1, 2)]
    for array in layouts:
        for held in (array, torch.from_numpy(array.copy())):
            images = array_images(held, "array", channels="rgba")
            assert images.name_of(4) == "array[4]"
            if channels != 4:
                expected = np.broadcast_to(last.reshape(5, 6, 7, -1), (5, 6, 7, 3)).transpose(0, 3, 1, 2)
                np.testing.assert_array_equal(all_pixels(images), expected)
            assert images.bytes_hash() == array_images(last, "other", channels="rgba").bytes_hash()


def test_where_both_axes_could_be_channels():
    array = noise(2, 3, 8, 3)
    first = array_images(array, "a").item(0).pixels
    np.testing.assert_array_equal(first, array[0].transpose(2, 0, 1))
    np.testing.assert_array_equal(array_images(torch.from_numpy(array), "a").item(0).pixels, array[0])


@pytest.mark.parametrize(
    "shape", [(5, 8, 9, 2), (5, 2, 8, 9), (8, 9), (0, 8, 8, 3), (5, 0, 8, 3), (32, 32, 3), (5, 1, 3, 8, 8)]
)
def test_shapes_that_are_not_pictures(shape):
    with pytest.raises(ContentError) as caught:
        array_images(np.zeros(shape, np.uint8), "a")
    assert str(caught.value).startswith(f"a: shape {shape}: needed N,H,W or ")


def test_float_ranges_are_checked_at_once():
    array = np.zeros((300, 16, 16, 3), np.float32)
    array[217, 3, 2, 1] = -1
    with pytest.raises(BadImage) as caught:
        array_images(array, "tanh")
    assert (
        str(caught.value) == "tanh[217]: floats from -1 to 0: needed 0..1 (for tanh outputs pass (x + 1) / 2, or clamp)"
    )
    array[217, 3, 2, 1] = np.nan
    with pytest.raises(BadImage, match=r"tanh\[217\]: floats that are not finite"):
        array_images(torch.from_numpy(array), "tanh")
    array[217, 3, 2, 1] = 0.2
    assert array_images(array, "fine").item(217).pixels[1, 3, 2] == 51
    assert array_images(torch.ones(2, 1, 4, 4, dtype=torch.bfloat16), "b").item(0).pixels.min() == 255
    with pytest.raises(BadImage, match="dtype int64"):
        array_images(np.zeros((2, 4, 4), np.int64), "a")
    with pytest.raises(ContentError, match="list found: needed arrays or tensors"):
        array_images([[1]], "a")


def test_labels_and_known_hashes():
    array = noise(4, 5, 6)
    images = array_images(array, "a", labels=torch.tensor([1, 0, 1, 1]), classes=("x", "y"), bytes_hash="abc")
    assert (images.subset([1, 2]).labels.tolist(), images.classes) == ([0, 1], ("x", "y"))
    assert images.bytes_hash() == "abc"
    parts = [images.subset(indices).bytes_hash() for indices in ([0, 1], [1, 0], [0])]
    assert len({"abc", *parts}) == 4
    assert images.subset([1, 2, 3]).subset([0]).bytes_hash() == images.subset([1]).bytes_hash()
    for labels in ([0, 1], [0.5] * 4):
        with pytest.raises(ContentError, match="needed 4 whole numbers"):
            array_images(array, "a", labels=labels)
    with pytest.raises(ContentError, match=r"^a: found the label -2, needed classes from 0 on; renumber the labels$"):
        array_images(array, "a", labels=[0, -1, -2, 1])
    array = noise(5, 4, 6)
    assert array_images(array, "a").bytes_hash() != array_images(array.reshape(5, 6, 4), "a").bytes_hash()


def test_npz_and_npy(tmp_path):
    array = noise(4, 5, 6, 3)
    np.savez(tmp_path / "a.npz", array, np.array([1, 0, 1, 1]))
    np.savez_compressed(tmp_path / "b.npz", images=array, labels=np.array([1, 0, 1, 1]))
    np.savez(tmp_path / "c.npz", array, np.zeros((3, 3)))
    np.save(tmp_path / "d.npy", array)
    sets = [npz_images(tmp_path / f"{letter}.npz") for letter in "abc"] + [npy_images(tmp_path / "d.npy")]
    for images in sets:
        np.testing.assert_array_equal(all_pixels(images), array.transpose(0, 3, 1, 2))
    assert [images.labels is None for images in sets] == [False, False, True, True]
    assert sets[0].labels.tolist() == [1, 0, 1, 1]
    assert len({images.bytes_hash() for images in (*sets, array_images(array, "a"))}) == 1
    assert isinstance(sets[3]._array.base, np.memmap)


def test_pickles_and_other_strangers_are_refused(tmp_path):
    objects = np.array([{"a": 1}], object)
    np.savez(tmp_path / "a.npz", objects)
    np.save(tmp_path / "a.npy", objects)
    for opened, name in ((npz_images, "a.npz"), (npy_images, "a.npy")):
        with pytest.raises(ContentError) as caught:
            opened(tmp_path / name)
        reason = "needs pickle, which can run code; save plain numbers"
        assert str(caught.value) == f"{tmp_path / name}: {reason}"
    np.savez(tmp_path / "a.npz", mu=np.zeros(3), sigma=np.zeros((3, 3)))
    with pytest.raises(ContentError, match="holds mu, sigma: needed arr_0 or images"):
        npz_images(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", noise(9, 9, 9))
    np.save(tmp_path / "a.npy", noise(9, 9, 9))
    for opened, name in ((npz_images, "a.npz"), (npy_images, "a.npy")):
        whole = (tmp_path / name).read_bytes()
        for content in (b"", b"hello", whole[:300], whole[:-400]):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ContentError, match="damaged"):
                opened(tmp_path / name)
