"""Weights found, refused, downloaded and read: no network but a server on this machine."""

import hashlib
import http.server
import pickle
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch_fidelity.feature_extractor_clip import MODEL_METADATA, MODEL_URLS
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

from ganeval.errors import ContentError, MissingWeights, UsageError
from ganeval.extractors import weights as module
from ganeval.extractors.weights import PUBLISHED, check_shapes, find_weights, load_state_dict, weights_status
from ganeval.runtime.files import network_timeout

NAME = "vgg16"
CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = PUBLISHED[NAME].files[0]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """ganeval's cache and torch hub's folder are empty; the published VGG16 is CONTENT, at a dead address."""
    monkeypatch.setenv("GANEVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GANEVAL_OFFLINE", raising=False)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url="http://127.0.0.1:9/vgg16.pth", sha256=SHA256))


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Answers(http.server.BaseHTTPRequestHandler):
    """`/whole` sends the file, `/short` promises it and sends a third, `/other` sends something else."""

    def do_GET(self) -> None:
        body = {"/whole": CONTENT, "/short": CONTENT[: len(CONTENT) // 3], "/other": CONTENT[::-1]}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(CONTENT) if body else 0))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    serving.server_close()


def test_the_table_holds_what_torch_fidelity_and_torchvision_publish():
    for name, row in MODEL_METADATA.items():
        assert PUBLISHED[name].sha256 == row["hash"]
        assert PUBLISHED[name].url == MODEL_URLS[name]
    assert PUBLISHED["inception"].url == URL_INCEPTION_V3
    for row in PUBLISHED.values():
        assert re.fullmatch("[0-9a-f]{64}", row.sha256)
        prefix = re.search(r"-([0-9a-f]{8})\.pth$", row.files[0])
        assert prefix is None or row.sha256.startswith(prefix[1]) or row.sha256 == SHA256


def test_a_given_file_is_taken_and_compared_with_the_published_one(tmp_path):
    mine = put(tmp_path / "mine.pth", b"other")
    assert not find_weights(NAME, mine, offline=True).published
    assert find_weights(NAME, put(tmp_path / "copy.pth"), offline=True).published
    with pytest.raises(UsageError, match="there is no file"):
        find_weights(NAME, tmp_path / "absent.pth", offline=True)


@pytest.mark.parametrize("place", ["cache/weights", "hub/checkpoints"])
def test_a_file_in_the_cache_or_in_torch_hub_is_found(tmp_path, place):
    path = put(tmp_path / place / FILE)
    found = find_weights(NAME, None, offline=True)
    assert (found.path, found.sha256, found.published) == (path, SHA256, True)
    assert weights_status(NAME) == f"in {path.parent}"


def test_pytorch_fids_name_of_inception_is_found_too(tmp_path, monkeypatch):
    monkeypatch.setitem(PUBLISHED, "inception", replace(PUBLISHED["inception"], sha256=SHA256))
    path = put(tmp_path / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth")
    assert find_weights("inception", None, offline=True).path == path


def test_a_partial_or_altered_file_is_named_and_refused(tmp_path):
    path = put(tmp_path / "hub/checkpoints" / FILE, CONTENT[:1000])
    with pytest.raises(ContentError) as caught:
        find_weights(NAME, None, offline=True)
    assert str(caught.value) == (
        f"{path}: its sha256 is {hashlib.sha256(CONTENT[:1000]).hexdigest()[:8]}…, needed {SHA256[:8]}… (1,000 bytes): "
        "an incomplete or altered download: delete it, or pass it with --weights to use it all the same"
    )


def test_offline_and_absent_names_the_ways_out(tmp_path):
    with pytest.raises(MissingWeights) as caught:
        find_weights(NAME, None, offline=True)
    assert str(caught.value) == (
        f"the weights of extractor 'vgg16' (vgg16-397923af.pth) are neither in {tmp_path}/cache/weights nor in "
        f"{tmp_path}/hub/checkpoints, and downloads are off: pass --weights FILE, or --extractor FILE after "
        "`ganeval classifier SRC -o FILE`, or go online"
    )
    assert weights_status(NAME) == "absent: downloaded on first use from 127.0.0.1:9"


def test_ganeval_offline_forbids_the_download(monkeypatch, server):
    monkeypatch.setenv("GANEVAL_OFFLINE", "1")
    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url=f"{server}/whole"))
    with pytest.raises(MissingWeights, match="downloads are off"):
        find_weights(NAME, None, offline=False)


def test_a_download_reports_progress_is_checked_and_kept(tmp_path, monkeypatch, server):
    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url=f"{server}/whole"))
    seen: list[tuple[str, int, int | None]] = []
    found = find_weights(NAME, None, offline=False, progress=lambda *step: seen.append(step))
    assert found.path == tmp_path / "cache/weights" / FILE
    assert found.path.read_bytes() == CONTENT
    assert seen[-1] == (f"downloading {FILE}", len(CONTENT), len(CONTENT))
    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url="http://127.0.0.1:9/"))
    assert find_weights(NAME, None, offline=False).path == found.path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/short", "retrieval incomplete"),
        ("/other", f"its sha256 is {hashlib.sha256(CONTENT[::-1]).hexdigest()[:8]}…, needed {SHA256[:8]}…"),
        ("/absent", "HTTP Error 404"),
    ],
)
def test_a_download_that_goes_wrong_leaves_nothing_behind(tmp_path, monkeypatch, server, path, why):
    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url=server + path))
    with pytest.raises(MissingWeights, match=re.escape(why)):
        find_weights(NAME, None, offline=False)
    assert list((tmp_path / "cache/weights").iterdir()) == []


def test_a_download_interrupted_by_the_user_leaves_nothing_behind(tmp_path, monkeypatch, server):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url=f"{server}/whole"))
    with pytest.raises(KeyboardInterrupt):
        find_weights(NAME, None, offline=False, progress=interrupt)
    assert list((tmp_path / "cache/weights").iterdir()) == []


def test_a_silent_server_is_given_up_after_the_timeout(tmp_path, monkeypatch):
    """It accepts the connection and never answers; ten seconds, shortened here."""
    monkeypatch.setattr(module.files, "network_timeout", lambda: network_timeout(0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setitem(PUBLISHED, NAME, replace(PUBLISHED[NAME], url=url))
        with pytest.raises(MissingWeights, match="timed out"):
            find_weights(NAME, None, offline=False)
    assert socket.getdefaulttimeout() is None
    assert list((tmp_path / "cache/weights").iterdir()) == []


def test_an_address_that_does_not_answer_is_one_line():
    with pytest.raises(MissingWeights, match=r"downloading http://127\.0\.0\.1:9/vgg16\.pth failed") as caught:
        find_weights(NAME, None, offline=False)
    assert "\n" not in str(caught.value)


STATE = {"layer.weight": torch.arange(6.0).view(2, 3), "layer.bias": torch.zeros(2)}


def test_both_formats_are_read(tmp_path):
    torch.save(STATE, tmp_path / "a.pth")
    save_file(STATE, tmp_path / "a.safetensors")
    save_file(STATE, tmp_path / "b.pth")  # a wrong ending does not matter
    for name in ("a.pth", "a.safetensors", "b.pth"):
        state = load_state_dict(tmp_path / name)
        assert state.keys() == STATE.keys()
        assert torch.equal(state["layer.weight"], STATE["layer.weight"])


class Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code was run')",)


def foreign_files(folder: Path) -> Iterator[tuple[Path, str]]:
    yield put(folder / "empty.pth", b""), "is empty"
    yield put(folder / "notes.txt", b"just some text\n" * 20), "is not a weights file"
    yield put(folder / "code.pth", pickle.dumps({"weight": Code()})), "code in it is not run"
    torch.save({"weight": Code()}, folder / "zipped.pth")
    yield folder / "zipped.pth", "code in it is not run"
    torch.save(STATE, folder / "whole.pth")
    yield put(folder / "cut.pth", (folder / "whole.pth").read_bytes()[:700]), "is cut short"
    save_file(STATE, folder / "whole.safetensors")
    yield put(folder / "cut.safetensors", (folder / "whole.safetensors").read_bytes()[:-4]), "cut-short safetensors"
    torch.save([1, 2], folder / "list.pth")
    yield folder / "list.pth", "holds a list, not a state dict"
    torch.save({"epoch": 3}, folder / "epoch.pth")
    yield folder / "epoch.pth", "its entry 'epoch' is a int, not a tensor"
    torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "script.pt")
    yield folder / "script.pt", "is a TorchScript archive, which is code"


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_foreign_files_are_refused_in_one_line_and_their_code_is_not_run(tmp_path):
    for path, why in foreign_files(tmp_path):
        with pytest.raises(ContentError) as caught:
            load_state_dict(path)
        assert str(path) in str(caught.value)
        assert why in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_trusted_torchscript_archive_is_opened(tmp_path):
    linear = torch.nn.Linear(2, 2)
    torch.jit.script(linear).save(tmp_path / "script.pt")
    state = load_state_dict(tmp_path / "script.pt", trusted=True)
    assert torch.equal(state["weight"], linear.weight)


def test_shapes_are_checked_and_the_first_difference_is_named(tmp_path):
    path = tmp_path / "a.pth"
    older = {name: torch.zeros(2) for name in ("weight", "bias", "running_mean", "running_var")}
    check_shapes(torch.nn.BatchNorm1d(2).state_dict(), older, path)
    for state, why in [
        ({"layer.weight": STATE["layer.weight"]}, "'layer.bias' is missing"),
        ({}, "'layer.weight' and 1 more are missing"),
        (STATE | {"head": torch.zeros(1)}, "'head' is not in this network"),
        (STATE | {"layer.bias": torch.zeros(3)}, "'layer.bias' is of another shape ([3], needed [2])"),
    ]:
        with pytest.raises(ContentError, match=re.escape(f"{path}: not these weights: {why}")):
            check_shapes(STATE, state, path)


def test_a_changed_file_is_hashed_again(tmp_path):
    path = put(tmp_path / "a.pth", b"one")
    first = module.file_sha256(path)
    path.write_bytes(b"other")
    assert module.file_sha256(path) != first == hashlib.sha256(b"one").hexdigest()


def test_status_needs_no_torch(tmp_path):
    code = (
        "import sys; from ganeval.extractors import EXTRACTORS, default_extractor\n"
        "from ganeval.extractors.weights import PUBLISHED, weights_status, torch_hub\n"
        "print([weights_status(name) for name in PUBLISHED], torch_hub()); assert 'torch' not in sys.modules"
    )
    environment = {"TORCH_HOME": str(tmp_path / "torch"), "GANEVAL_CACHE": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(str(tmp_path / "torch" / "hub"))
