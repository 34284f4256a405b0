"""The readers that meet foreign bytes, one row each: seeds made here, what is called, and what it may raise.

`python tests/fuzz/readers.py READER --seconds 60 --json FILE` fuzzes one with atheris, guided by coverage, and records
executions, edges and findings. A finding is an exception that is none of ours.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

FUZZED = ["ganeval", "reference_models", "zipfile", "tarfile", "tomllib"]


def _instrumentation() -> contextlib.AbstractContextManager[object]:
    """Atheris counts the edges of what is imported under it; torch and NumPy would take minutes."""
    if "--findings" not in sys.argv:
        return contextlib.nullcontext()
    import atheris

    return atheris.instrument_imports(include=FUZZED)


with _instrumentation():
    from ganeval.errors import GanevalError
    from ganeval.extractors.classifier import load_classifier
    from ganeval.extractors.weights import load_state_dict
    from ganeval.gating.limits import read_limits_file
    from ganeval.media.arrays import npy_images, npz_images
    from ganeval.media.base import SampleSet
    from ganeval.media.files import tar_images, zip_images
    from ganeval.media.images.decoding import decode
    from ganeval.reports.report import load_reports
    from ganeval.reports.run_folders import config_of, is_trained, log_of
    from ganeval.sources.statistics_files import read_statistics
    from reference_models.configuration.config import Config, ConfigError
    from reference_models.engine.checkpoint import CheckpointError, load

OURS = (GanevalError, CheckpointError, ConfigError)
RECORDED = Path(__file__).parents[2] / "results" / "recorded"


@dataclass(frozen=True)
class Reader:
    """Reads a file of this name; the file holds what the fuzzer made of the seeds."""

    file: str
    read: Callable[[Path], object]
    seeds: Callable[[], list[bytes]]


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 4, 4, 3), np.uint8))
    return stream.getvalue()


def _npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _pt(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/1.ppm", b"P6 1 1 255 rgb")
        archive.writestr("b/2.ppm", b"P6 1 1 255 abc", zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _tar(tar_format: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tar_format) as archive:
        header = tarfile.TarInfo("ü" * 60 + "/1.ppm")
        header.size = 14
        archive.addfile(header, io.BytesIO(b"P6 1 1 255 rgb"))
    return stream.getvalue()


def _images() -> list[bytes]:
    from PIL import Image

    files = []
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        stream = io.BytesIO()
        Image.new("RGB", (4, 4), "red").save(stream, kind)
        files.append(stream.getvalue())
    return files


def _all(images: SampleSet) -> None:
    for index in range(min(4, images.count or 0)):
        images.item(index)


def _checkpoint_seeds() -> list[bytes]:
    return [json.dumps({"file": "last.safetensors", "step": 1, "config": {}, "versions": {}, "data": "x"}).encode()]


def _report_seeds() -> list[bytes]:
    report = {"schema": 1, "ganeval": "0.1.0", "created": "2026-01-31T12:00:00Z", "warnings": [], "environment": {}}
    part = {"name": "a", "source": "a", "count": 10, "fingerprint": "sha256:0", "shape": [3, 8, 8], "formats": {}}
    protocol = {"name": "tf1", "extractor": "digits", "layer": "64", "weights": "published", "weights_sha256": "0"}
    scores = {"fid": {"value": 1.0, "error": 0.1, "better": "lower"}}
    whole = report | {"samples": part, "reference": part, "protocol": protocol, "scores": scores}
    real = [path.read_bytes() for path in sorted(RECORDED.rglob("report.json"))[:1]]
    return [json.dumps(whole).encode(), json.dumps([whole]).encode(), *real]


READERS: Mapping[str, Reader] = {
    "npy": Reader("in.npy", lambda path: _all(npy_images(path)), lambda: [_npy()]),
    "npz": Reader(
        "in.npz", lambda path: _all(npz_images(path)), lambda: [_npz(arr_0=np.zeros((2, 4, 4, 3), np.uint8))]
    ),
    "statistics of npz": Reader(
        "in.npz", read_statistics, lambda: [_npz(mu=np.zeros(3), sigma=np.eye(3)), _npz(features=np.eye(3))]
    ),
    "statistics of pt": Reader(
        "in.pt", read_statistics, lambda: [_pt({"mu": np.zeros(3), "sigma": np.eye(3)}), _pt(torch.eye(3))]
    ),
    "report": Reader("report.json", load_reports, _report_seeds),
    "limits": Reader(
        "limits.toml", read_limits_file, lambda: [b"confidence = 0.9\n[max]\nfid = 25\n[max-increase]\nkid = '5%'\n"]
    ),
    "zip": Reader("in.zip", lambda path: _all(zip_images(path)), lambda: [_zip()]),
    "tar": Reader(
        "in.tar",
        lambda path: _all(tar_images(path)),
        lambda: [_tar(each) for each in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)],
    ),
    "image": Reader("in.png", lambda path: decode(path.read_bytes(), path.name), _images),
    "classifier": Reader("in.safetensors", load_classifier, lambda: [save({"a": torch.zeros(2)})]),
    "weights of safetensors": Reader("in.safetensors", load_state_dict, lambda: [save({"a": torch.zeros(2)})]),
    "weights of pth": Reader("in.pth", load_state_dict, lambda: [_pt({"a": torch.zeros(2)})]),
    "checkpoint": Reader("last.json", lambda path: load(path.parent, "last"), _checkpoint_seeds),
    "checkpoint's tensors": Reader(
        "last.safetensors", lambda path: load(path.parent, "last"), lambda: [save({"a": torch.zeros(2)})]
    ),
    "configuration": Reader(
        "config.json",
        lambda path: is_trained(path.parent) and Config.from_dict(config_of(path.parent)["config"]),
        lambda: [b'{"ganeval": "0.1.0", "config": {"model": "vanilla", "steps": 10}}'],
    ),
    "log": Reader("log.jsonl", lambda path: list(log_of(path.parent)), lambda: [b'{"step": 1, "loss": 0.5}\n']),
}


def attempt(reader: Reader, folder: Path, data: bytes) -> BaseException | None:
    """What reading these bytes raised that none of ours is, or None."""
    path = folder / reader.file
    path.write_bytes(data)
    if reader.file == "last.safetensors":
        (folder / "last.json").write_bytes(_checkpoint_seeds()[0])
    try:
        reader.read(path)
    except OURS:
        pass
    except Exception as error:
        return error
    return None


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The bytes with a few changes: flipped, cut, repeated, or numbers at their limits."""
    content = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(content) + 1)
        match draw.randrange(5):
            case 0 if content:
                content[place % len(content)] ^= 1 << draw.randrange(8)
            case 1:
                del content[place : place + draw.randrange(1, 64)]
            case 2:
                content[place:place] = content[place // 2 : place // 2 + draw.randrange(32)]
            case 3:
                content[place : place + 4] = draw.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"1e99", b"null"])
            case _:
                content[place:place] = draw.choice([b"[", b"{", b"-", b"NaN", b"\0", b'"', b"9" * 30])
    return bytes(content)


def fuzz(name: str, seconds: int, target: Path) -> None:
    """Fuzz one reader for so long, in this process, which atheris ends; findings are appended to `target`."""
    import atheris

    reader, folder = READERS[name], Path(tempfile.mkdtemp())
    (folder / "corpus").mkdir()
    for index, seed in enumerate(reader.seeds()):
        (folder / "corpus" / str(index)).write_bytes(seed)
    kinds: set[str] = set()

    def test(data: bytes) -> None:
        error = attempt(reader, folder, data)
        if error is not None and type(error).__name__ not in kinds:
            kinds.add(type(error).__name__)
            with target.open("a") as file:
                file.write(json.dumps({"error": f"{type(error).__name__}: {error}", "data": data.hex()}) + "\n")

    flags = [f"-max_total_time={seconds}", "-seed=1", "-max_len=65536", "-rss_limit_mb=4096", "-timeout=20"]
    atheris.Setup([sys.argv[0], *flags, str(folder / "corpus")], test)
    atheris.Fuzz()


def record(name: str, seconds: int) -> dict[str, object]:
    """One reader fuzzed in a process of its own: executions, edges, and findings as text and bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        target, begin = Path(scratch) / "findings", time.monotonic()
        command = [sys.executable, __file__, name, "--seconds", str(seconds), "--findings", str(target)]
        result = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        lines = target.read_text().splitlines() if target.exists() else []
    words = " ".join(line for line in result.stderr.splitlines() if line.startswith("#")).split()
    return {
        "reader": name,
        "seconds": round(time.monotonic() - begin),
        "executions": max((int(word[1:]) for word in words if word[:1] == "#" and word[1:].isdigit()), default=0),
        "edges": max((int(after) for word, after in itertools.pairwise(words) if word == "cov:"), default=0),
        "exit": result.returncode,
        "findings": [json.loads(line) for line in lines],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=[*READERS, "all"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--findings", type=Path)
    options = parser.parse_args()
    if options.findings:
        fuzz(options.reader, options.seconds, options.findings)
        return
    names = list(READERS) if options.reader == "all" else [options.reader]
    records = [record(name, options.seconds) for name in names]
    text = json.dumps(records, indent=1) + "\n"
    if options.json:
        options.json.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    os.environ["GANEVAL_OFFLINE"] = "1"
    main()
