"""A torture set: every value is checked against arithmetic done here on whole numbers, never against our own output."""

import contextlib
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from ganeval.errors import BadImage
from ganeval.media.images.decoding import EXTENSIONS, decode, from_array

RANDOM = np.random.default_rng(7)


def rounded(value):
    """Nearest whole number of an exact fraction; halves never occur in these tests."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def over_white(colour, alpha, white):
    c, a = Fraction(int(colour), white), Fraction(int(alpha), white)
    return rounded(255 * (c * a + 1 - a))


def composited(samples, white):
    """H,W,C with alpha last -> 3,H,W over white, one exact fraction at a time."""
    *shape, channels = samples.shape
    out = [[over_white(c, pixel[-1], white) for c in pixel[:-1]] for pixel in samples.reshape(-1, channels)]
    return grey_to_colour(np.array(out).reshape(*shape, channels - 1))


def divided(samples):
    """16-bit H,W,C -> 3,H,W, divided by 257."""
    return grey_to_colour(np.array([rounded(Fraction(int(v), 257)) for v in samples.ravel()]).reshape(samples.shape))


def grey_to_colour(values):
    return np.broadcast_to(values, (*values.shape[:2], 3)).transpose(2, 0, 1)


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(samples, colour, depth, *, palette=b"", transparent=b""):
    """A PNG by hand: `samples` H,W,C; depths below 8 are packed."""
    height, width = samples.shape[:2]
    if depth < 8:
        bits = (samples.reshape(height, width, 1) >> np.arange(depth - 1, -1, -1)) & 1
        rows = [np.packbits(row.ravel()).tobytes() for row in bits]
    else:
        rows = [row.astype(f">u{depth // 8}").tobytes() for row in samples]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    extra = (chunk(b"PLTE", palette) if palette else b"") + (chunk(b"tRNS", transparent) if transparent else b"")
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def tiff(samples, photometric, *, order="<", compressed=False, planar=1, extra=None, depth=16, orientation=1):
    """A TIFF of one strip by hand: `samples` H,W,C of uint16 (or 12-bit values packed by the caller's depth)."""
    height, width, channels = samples.shape
    body = (samples if planar == 1 else samples.transpose(2, 0, 1)).astype(f"{order}u2").tobytes()
    if depth == 12:
        bits = (samples.reshape(height, -1, 1) >> np.arange(11, -1, -1)) & 1
        body = b"".join(np.packbits(row.ravel()).tobytes() for row in bits)
    strips = np.array_split(np.frombuffer(body, np.uint8), 1 if planar == 1 else channels)
    strips = [zlib.compress(bytes(s)) if compressed else bytes(s) for s in strips]
    fields = [
        (256, [width]),
        (257, [height]),
        (258, [depth] * channels),
        (259, [8 if compressed else 1]),
        (262, [photometric]),
        (273, None),
        (274, [orientation]),
        (277, [channels]),
        (278, [height]),
        (279, [len(s) for s in strips]),
        (284, [planar]),
    ] + ([(338, [extra])] if extra is not None else [])
    start = 8 + 2 + 12 * len(fields) + 4
    room = sum(4 * len(strips if v is None else v) for _, v in fields)
    offsets = list(np.cumsum([start + room] + [len(s) for s in strips[:-1]]))
    directory, values = b"", b""
    for tag, value in fields:
        value = [int(v) for v in (offsets if value is None else value)]
        kind, letter = (4, "I") if tag in (273, 279) else (3, "H")
        packed = struct.pack(f"{order}{len(value)}{letter}", *value)
        if len(packed) > 4:
            inline, values = struct.pack(f"{order}I", start + len(values)), values + packed.ljust(4 * len(value), b"\0")
        else:
            inline = packed.ljust(4, b"\0")
        directory += struct.pack(f"{order}HHI", tag, kind, len(value)) + inline
    mark = b"II*\0" if order == "<" else b"MM\0*"
    header = mark + struct.pack(f"{order}IH", 8, len(fields)) + directory + struct.pack(f"{order}I", 0)
    return header + values.ljust(room, b"\0") + b"".join(strips)


def numbers(height, width, channels, dtype=np.uint16):
    return RANDOM.integers(0, np.iinfo(dtype).max + 1, (height, width, channels)).astype(dtype)


def test_sixteen_bit_grey_ramp_is_divided_by_257():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = divided(ramp[..., None])
    for kind in ("PNG", "TIFF"):
        picture = decode(saved(Image.fromarray(ramp), kind), f"ramp.{kind.lower()}")
        assert picture.converted == ("16-bit", "grey")
        np.testing.assert_array_equal(picture.pixels, expected)
    assert expected.mean() == pytest.approx(127.5)  # a convert("RGB") has 254


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_png_keeps_its_low_bytes(colour, channels):
    samples = numbers(9, 7, channels)
    picture = decode(png(samples, colour, 16), "deep.png")
    expected = composited(samples, 65535) if channels in (2, 4) else divided(samples)
    np.testing.assert_array_equal(picture.pixels, expected)
    assert "16-bit" in picture.converted
    assert ("alpha" in picture.converted) == (channels in (2, 4))
    assert ("grey" in picture.converted) == (channels < 3)


def test_sixteen_bit_is_rounded_not_cut():
    picture = decode(png(np.full((1, 1, 3), 0x01FF, np.uint16), 2, 16), "x.png")
    assert picture.pixels.ravel().tolist() == [2, 2, 2]  # 511 / 257 = 1.99; the high byte alone is 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("channels", "extra"), [(3, None), (4, 2), (4, 0)])
def test_sixteen_bit_colour_tiff_keeps_its_low_bytes(order, compressed, channels, extra):
    samples = numbers(6, 5, channels)
    picture = decode(tiff(samples, 2, order=order, compressed=compressed, extra=extra), "deep.tif")
    expected = composited(samples, 65535) if extra == 2 else divided(samples[..., :3])
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.converted == (("16-bit", "alpha") if extra == 2 else ("16-bit",))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bit_colour_tiff_is_turned_too(orientation):
    samples = numbers(4, 5, 3)
    picture = decode(tiff(samples, 2, orientation=orientation), "deep.tiff")
    np.testing.assert_array_equal(picture.pixels, divided(turned(samples, orientation)))


def test_sixteen_bit_cmyk_tiff():
    samples = numbers(6, 5, 4)
    eight = np.array([rounded(Fraction(int(v), 257)) for v in samples.ravel()], np.uint8).reshape(samples.shape)
    expected = np.asarray(Image.frombytes("CMYK", (5, 6), eight.tobytes()).convert("RGB")).transpose(2, 0, 1)
    picture = decode(tiff(samples, 5), "ink.tif")
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.converted == ("16-bit", "cmyk")


@pytest.mark.parametrize("options", [{"planar": 2}, {"planar": 2, "compressed": True}, {"extra": 1}])
def test_sixteen_bit_tiffs_that_pillow_cuts_are_refused(options):
    with pytest.raises(BadImage, match=r"16-bit TIFF .* save it as PNG"):
        decode(tiff(numbers(6, 5, 4 if "extra" in options else 3), 2, **options), "planes.tif")


@pytest.mark.parametrize("compressed", [False, True])
def test_sixteen_bit_tiff_where_white_is_zero(compressed):
    samples = numbers(6, 5, 1)
    picture = decode(tiff(samples, 0, compressed=compressed), "inverted.tif")
    np.testing.assert_array_equal(picture.pixels, divided(65535 - samples))


def test_twelve_bit_tiff_reaches_white():
    samples = numbers(4, 6, 1) >> 4
    expected = [rounded(Fraction(255 * int(v), 4095)) for v in samples.ravel()]
    assert decode(tiff(samples, 1, depth=12), "twelve.tif").pixels[0].ravel().tolist() == expected


def test_sixteen_bit_pgm_and_ppm():
    grey, colour = numbers(4, 6, 1), numbers(4, 6, 3)
    for magic, samples, name in ((b"P5", grey, "a.pgm"), (b"P6", colour, "a.ppm")):
        picture = decode(magic + b"\n6 4\n65535\n" + samples.astype(">u2").tobytes(), name)
        np.testing.assert_array_equal(picture.pixels, divided(samples))
        assert picture.converted == (("16-bit", "grey") if magic == b"P5" else ("16-bit",))
    low = decode(b"P5\n2 1\n1023\n" + struct.pack(">2H", 1023, 341), "ten-bit.pgm")
    assert low.pixels[0].tolist() == [[255, 85]]


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "LA"), ("TIFF", "LA"), ("PNG", "RGBA"), ("TIFF", "RGBA"), ("WEBP", "RGBA")]
)
def test_alpha_is_composited_over_white(kind, mode):
    samples = numbers(8, 9, len(mode), np.uint8)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = decode(saved(Image.fromarray(samples), kind, **options), f"a.{kind.lower()}")
    np.testing.assert_array_equal(picture.pixels, composited(samples, 255))
    assert picture.converted == (("alpha", "grey") if mode == "LA" else ("alpha",))


def test_every_alpha_over_every_colour():
    alpha, colour = np.meshgrid(np.arange(256), np.arange(256))
    picture = decode(saved(Image.fromarray(np.stack([colour, alpha], 2).astype(np.uint8)), "PNG"), "all.png")
    expected = (2 * (colour * alpha + 255 * (255 - alpha)) + 255) // 510
    np.testing.assert_array_equal(picture.pixels[0], expected)


def test_palette_with_transparency():
    palette = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255])
    picture = decode(png(np.array([[0, 1, 2]]), 3, 8, palette=palette, transparent=bytes([0, 51, 255])), "p.png")
    assert picture.converted == ("alpha", "palette")
    assert picture.pixels.transpose(1, 2, 0)[0].tolist() == [[255, 255, 255], [204, 255, 204], [0, 0, 255]]
    plain = decode(png(np.array([[0, 1, 2]]), 3, 2, palette=palette), "p.png")
    assert plain.converted == ("palette",)
    assert plain.pixels.transpose(1, 2, 0)[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_with_a_transparent_value(depth):
    top = 2**depth - 1
    samples = np.array([[0, 1, top]]).astype(np.uint16)
    picture = decode(png(samples[..., None], 0, depth, transparent=struct.pack(">H", 0)), "key.png")
    assert picture.pixels[0].tolist() == [[255, rounded(Fraction(255, top)), 255]]
    assert set(picture.converted) == {"alpha", "grey"} | {16: {"16-bit"}, 1: {"1-bit"}}.get(depth, set())


@pytest.mark.parametrize("depth", [8, 16])
def test_colour_with_a_transparent_value(depth):
    samples = np.array([[[1, 2, 3], [1, 2, 4]]]) * (257 if depth == 16 else 1)
    picture = decode(png(samples, 2, depth, transparent=struct.pack(">3H", *samples[0, 0])), "key.png")
    assert picture.pixels.transpose(1, 2, 0)[0].tolist() == [[255, 255, 255], [1, 2, 4]]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("PPM", "a.pbm"), ("TIFF", "a.tif"), ("BMP", "a.bmp")])
def test_one_bit(kind, name):
    bits = RANDOM.random((5, 11)) < 0.5
    picture = decode(saved(Image.fromarray(bits), kind), name)
    np.testing.assert_array_equal(picture.pixels, grey_to_colour(bits[..., None] * 255))
    assert "1-bit" in picture.converted or picture.converted == ("palette",)  # BMP's one bit has a palette


def test_cmyk_tiff_and_jpeg():
    ink = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0]]], np.uint8).repeat(16, 0)
    image = Image.frombytes("CMYK", (64, 16), ink.repeat(16, 1).tobytes())
    colours = np.array([[255, 255, 255], [0, 255, 255], [0, 0, 0], [255, 0, 0]])
    exact = decode(saved(image, "TIFF"), "ink.tif")
    assert exact.pixels[:, 8, 8::16].T.tolist() == colours.tolist()
    near = decode(saved(image, "JPEG", quality=100), "ink.jpg")
    assert np.abs(near.pixels[:, 8, 8::16].T.astype(int) - colours).max() <= 2
    assert exact.converted == near.converted == ("cmyk",)


@pytest.mark.parametrize("mode", ["LAB", "YCbCr"])
def test_other_colour_spaces(mode):
    middle = decode(saved(Image.new(mode, (3, 2), (255, 128, 128)), "TIFF"), "other.tif")
    assert middle.converted == ("other-colour-space",)
    assert middle.pixels.min() >= 254


def turned(samples, orientation):
    """EXIF's definition, point by point: where the stored first row and first column are seen."""
    height, width = samples.shape[:2]
    tall = orientation >= 5
    seen = np.zeros((width, height, *samples.shape[2:]) if tall else samples.shape, samples.dtype)
    for i in range(height):
        for j in range(width):
            row, column = {1: (i, j), 2: (i, -1 - j), 3: (-1 - i, -1 - j), 4: (-1 - i, j)}.get(orientation, (0, 0))
            if tall:
                row, column = {5: (j, i), 6: (j, -1 - i), 7: (-1 - j, -1 - i), 8: (-1 - j, i)}[orientation]
            seen[row, column] = samples[i, j]
    return seen


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    samples = np.kron(numbers(2, 3, 3, np.uint8), np.ones((16, 16, 1), np.uint8))
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
    picture = decode(saved(Image.fromarray(samples), kind, exif=exif, **options), f"a.{kind.lower()}")
    expected = turned(samples, orientation).transpose(2, 0, 1).astype(int)
    assert np.abs(picture.pixels - expected).max() <= (4 if kind == "JPEG" else 0)
    assert picture.converted == (("exif-rotated",) if orientation > 1 else ())


def test_float_tiff_in_range():
    values = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    picture = decode(saved(Image.fromarray(values), "TIFF"), "float.tiff")
    assert picture.pixels[0].ravel().tolist() == list(range(256))
    assert picture.converted == ("float", "grey")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([-1, 1], "floats from -1 to 1: needed 0..1 (for tanh outputs pass (x + 1) / 2, or clamp)"),
        (
            [0, 255],
            "floats from 0 to 255: needed 0..1 (for 0..255 pass uint8, or x / 255, or clamp)",
        ),
        ([0, np.nan], "floats that are not finite (nan or inf): needed 0..1"),
        ([0, np.inf], "floats that are not finite (nan or inf): needed 0..1"),
    ],
)
def test_floats_out_of_range_are_refused(values, message):
    array = np.array([values], np.float32)
    for attempt in (lambda: decode(saved(Image.fromarray(array), "TIFF"), "f"), lambda: from_array(array, "f")):
        with pytest.raises(BadImage) as caught:
            attempt()
        assert str(caught.value) == f"f: {message}"
        assert (caught.value.name, caught.value.reason) == ("f", message)


def test_thirty_two_bit_integers():
    image = Image.fromarray(np.array([[0, 257, 65535]], np.int32))
    picture = decode(saved(image, "TIFF"), "i.tif")
    assert picture.pixels[0].tolist() == [[0, 1, 255]]
    assert picture.converted == ("32-bit", "grey")
    for values, reason in (
        ([-1, 5], "integers from -1 to 5: needed 0..65535"),
        ([0, 65536], "0 to 65536"),
        ([0, 255], "up to 255"),
    ):
        with pytest.raises(BadImage, match=reason):
            decode(saved(Image.fromarray(np.array([values], np.int32)), "TIFF"), "i.tif")


NOISE = Image.fromarray(numbers(40, 50, 3, np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_truncated_pictures_are_refused(kind, share):
    data = saved(NOISE, kind)
    with pytest.raises(BadImage) as caught:
        decode(data[: int(share * len(data))], "cut")
    assert "\n" not in str(caught.value)


def test_truncated_deep_png_is_refused():
    data = png(numbers(40, 50, 3), 2, 16)
    with pytest.raises(BadImage):
        decode(data[: len(data) // 2], "cut.png")


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.png", "the file is empty (0 bytes)"),
        (b"hello, world", "a.png", "not an image, or damaged, or of a kind that Pillow does not read"),
    ],
)
def test_what_is_not_the_picture_it_says(data, name, reason):
    with pytest.raises(BadImage) as caught:
        decode(data, name)
    assert str(caught.value) == f"{name}: {reason}"


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.png"), ("PNG", "out.zip!b/a.JPG"), ("GIF", "a.webp")])
def test_a_name_of_another_format_is_counted_and_the_content_read(kind, name):
    right, wrong = decode(saved(NOISE, kind), f"a.{kind}"), decode(saved(NOISE, kind), name)
    assert wrong.converted == tuple(sorted([*right.converted, "misnamed"]))
    assert wrong.format == right.format == kind.lower()
    np.testing.assert_array_equal(wrong.pixels, right.pixels)


def test_labels_that_fit():
    assert decode(saved(NOISE, "JPEG"), "no extension").format == "jpeg"
    assert decode(saved(NOISE, "JPEG"), "a.JPEG").format == "jpeg"
    assert decode(saved(NOISE, "PPM"), "a.PNM").format == "ppm"
    assert decode(saved(NOISE, "MPO", save_all=True, append_images=[NOISE]), "phone.jpg").format == "jpeg"
    assert decode(saved(NOISE, "PNG"), "a.PNG").converted == ()
    assert set(EXTENSIONS.values()) == {"png", "jpeg", "webp", "bmp", "tiff", "gif", "ppm"}


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_many_frames_the_first(kind):
    frames = [Image.new("RGB", (6, 5), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = decode(saved(frames[0], kind, save_all=True, append_images=frames[1:], **options), "many")
    np.testing.assert_array_equal(picture.pixels, grey_to_colour(np.full((5, 6, 1), 255)) * [[[1]], [[0]], [[0]]])
    assert "animated" in picture.converted
    assert "animated" not in decode(saved(frames[0], kind, **options), "one").converted


def test_transparent_gif():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    picture = decode(saved(image, "GIF", transparency=0), "t.gif")
    assert picture.pixels.transpose(1, 2, 0)[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_decompression_bombs_are_refused():
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    with pytest.raises(BadImage, match="exceeds limit"):
        decode(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b""), "bomb.png")


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4), (1, 4, 5), (3, 4, 5), (4, 6, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_arrays_of_either_layout(shape, dtype):
    array = RANDOM.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    last = array[..., None] if array.ndim == 2 else array if shape[2] in (1, 3, 4) else array.transpose(1, 2, 0)
    white = int(np.iinfo(dtype).max)
    expected = composited(last, white) if last.shape[2] == 4 else grey_to_colour(last)
    if dtype == np.uint16 and last.shape[2] != 4:
        expected = divided(last)
    picture = from_array(array, "array")
    np.testing.assert_array_equal(picture.pixels, expected)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.flags.writeable
    assert not np.shares_memory(picture.pixels, array)
    assert picture.format == "tensor"


def test_arrays_of_other_kinds():
    bits = from_array(np.array([[True, False]]), "bits")
    assert (bits.pixels[0].tolist(), bits.converted) == ([[255, 0]], ("1-bit", "grey"))
    clear = from_array(np.array([[[0.2, 0.4, 0.6, 0.5]]]), "clear")
    assert (clear.pixels.ravel().tolist(), clear.converted) == ([153, 178, 204], ("alpha", "float"))
    for array, reason in (
        (np.zeros((2, 2), np.int64), "dtype int64: needed uint8, uint16, bool or floats in 0..1"),
        (np.zeros((2, 2), complex), "dtype complex128"),
        (np.zeros((5, 5, 2), np.uint8), r"shape \(5, 5, 2\): needed H,W or H,W,C"),
        (np.zeros((0, 5, 3), np.uint8), "no empty axis"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
    ):
        with pytest.raises(BadImage, match=reason):
            from_array(array, "a")


@settings(deadline=None)
@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-2, 2, width=32)))
def test_floats_are_never_wrapped_or_clipped(array):
    if array.min() < 0 or array.max() > 1:
        with pytest.raises(BadImage, match=r"needed 0\.\.1"):
            from_array(array, "f")
    else:
        error = from_array(array, "f").pixels[0] / 255 - array.astype(np.float64)
        assert np.abs(error).max() <= 0.5 / 255 + 1e-12


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]), st.integers(0))
def test_garbage_is_a_bad_image_or_a_picture(garbage, kind, place):
    data = bytearray(saved(Image.new("RGB", (4, 4), (1, 2, 3)), kind))
    at = place % len(data)
    data[at : at + len(garbage)] = garbage
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own, about damaged metadata
        with contextlib.suppress(BadImage):
            assert decode(bytes(data), "g").pixels.shape[0] == 3


def test_threads_agree_and_nothing_warns():
    palette = bytes(RANDOM.integers(0, 256, 768, np.uint8))
    files = [
        png(numbers(20, 20, 3), 2, 16),
        tiff(numbers(20, 20, 4), 2, extra=2),
        png(numbers(20, 20, 1, np.uint8), 3, 8, palette=palette, transparent=bytes(range(256))),
        *(saved(NOISE, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP")),
    ] * 10
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        serial = [decode(data, "x").pixels.tobytes() for data in files]
        with ThreadPoolExecutor(4) as pool:
            threaded = [p.pixels.tobytes() for p in pool.map(lambda data: decode(data, "x"), files)]
    assert threaded == serial
    assert limit == Image.MAX_IMAGE_PIXELS
