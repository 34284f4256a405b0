"""Checkpoints on disk: whole or not at all, no code in them, and one line where they are damaged or foreign."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tiny_models import differing
from torch import Tensor, nn

from reference_models import CheckpointError
from reference_models.engine.checkpoint import atomic_write, load, load_into, read, save, tidy


def document(step: int) -> dict[str, Any]:
    return {"step": step, "drawn": 2 * step, "seconds": 0.5, "config": {"model": "é"}, "best": None}


def tensors(value: float = 1.0) -> dict[str, Tensor]:
    return {"weights": torch.full((2, 3), value), "step": torch.tensor(7), "half": torch.ones(2, dtype=torch.bfloat16)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save(tmp_path, "last", tensors(), document(3))
    found = load(tmp_path, "last")
    assert found is not None
    assert differing(found[0], tensors()) == set()
    assert found[1] == {"file": "last-00000003.safetensors", **document(3)}
    assert read(tmp_path, "last") == found[1]


def test_where_there_is_none_none_is_found(tmp_path: Path) -> None:
    assert load(tmp_path, "last") is None
    assert read(tmp_path / "nowhere", "best") is None


def test_tied_strided_and_channels_last_tensors_are_saved_by_value(tmp_path: Path) -> None:
    tied = torch.arange(12.0).reshape(3, 4)
    odd = {"a": tied, "b": tied, "view": tied[1:], "columns": tied.T, "every other": tied[:, ::2]}
    odd["pictures"] = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    odd["gradient"] = torch.ones(2, requires_grad=True)
    save(tmp_path, "last", odd, document(1))
    found = load(tmp_path, "last")
    assert found is not None
    assert differing(found[0], odd) == set()


def test_only_the_newest_checkpoint_of_a_name_is_kept(tmp_path: Path) -> None:
    save(tmp_path, "best", tensors(), document(1))
    for left in (".last-00000001.safetensors.killed/.tmpAb3", ".last.json.killed/last.json", ".last.json.of-a-former"):
        (tmp_path / left).parent.mkdir(exist_ok=True)
        (tmp_path / left).write_bytes(b"half")
    for step in (1, 2, 10):
        save(tmp_path, "last", tensors(step), document(step))
    kept = {"best-00000001.safetensors", "best.json", "last-00000010.safetensors", "last.json"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_tidying_leaves_the_other_checkpoint_alone(tmp_path: Path) -> None:
    for name in ("best", "last"):
        save(tmp_path, name, tensors(), document(1))
    before = {path.name for path in tmp_path.iterdir()}
    tidy(tmp_path, "last", "last-00000001.safetensors")
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("failing", [1, 2])
def test_a_crash_between_the_two_files_leaves_the_former_checkpoint(
    tmp_path: Path, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, "last", tensors(1.0), document(1))
    renamed, calls = os.replace, 0

    def crash(source: str, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise KeyboardInterrupt
        renamed(source, target)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, "last", tensors(2.0), document(2))
    found = load(tmp_path, "last")
    assert found is not None
    assert found[1]["step"] == 1
    assert differing(found[0], tensors(1.0)) == set()
    monkeypatch.undo()
    save(tmp_path, "last", tensors(3.0), document(3))
    assert {path.name for path in tmp_path.iterdir()} == {"last-00000003.safetensors", "last.json"}


def damage(folder: Path, how: str) -> None:
    weights = folder / "last-00000001.safetensors"
    integers = weights.read_bytes()
    about = json.loads((folder / "last.json").read_text(encoding="utf-8"))
    match how:
        case "no weights":
            weights.unlink()
        case "half the weights":
            weights.write_bytes(integers[: len(integers) // 2])
        case "empty weights":
            weights.write_bytes(b"")
        case "a pickle":
            torch.save(tensors(), weights)
        case "half the JSON":
            (folder / "last.json").write_text('{"step": 1, "fi', encoding="utf-8")
        case "no UTF-8":
            (folder / "last.json").write_bytes(b"\xff\xfe{}")
        case "a list":
            (folder / "last.json").write_text("[1]", encoding="utf-8")
        case "no step":
            (folder / "last.json").write_text(json.dumps({**about, "step": "one"}), encoding="utf-8")
        case "a foreign JSON":
            (folder / "last.json").write_text('{"epoch": 3}', encoding="utf-8")


@pytest.mark.parametrize("how", ["no weights", "half the weights", "empty weights", "a pickle"])
def test_damaged_weights_are_reported_in_one_line(tmp_path: Path, how: str) -> None:
    save(tmp_path, "last", tensors(), document(1))
    damage(tmp_path, how)
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path, "last")
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'last-00000001.safetensors'}: missing or damaged (")
    assert said.endswith(f"); delete {tmp_path} to train anew")
    assert "\n" not in said


@pytest.mark.parametrize("how", ["half the JSON", "no UTF-8", "a list", "no step", "a foreign JSON"])
def test_a_damaged_header_is_reported_in_one_line(tmp_path: Path, how: str) -> None:
    save(tmp_path, "last", tensors(), document(1))
    damage(tmp_path, how)
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path, "last")
    what = "damaged (" if how in ("half the JSON", "no UTF-8") else "not a checkpoint; "
    assert str(caught.value).startswith(f"{tmp_path / 'last.json'}: {what}")
    assert str(caught.value).endswith(f"delete {tmp_path} to train anew")
    assert "\n" not in str(caught.value)


def test_weights_are_read_from_the_folder_alone(tmp_path: Path) -> None:
    save_file({"x": torch.ones(1)}, tmp_path / "elsewhere.safetensors")
    save(tmp_path / "run", "last", tensors(), document(1))
    about = {**document(1), "file": "../elsewhere.safetensors"}
    (tmp_path / "run" / "last.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load(tmp_path / "run", "last")


def test_weights_of_another_network_are_refused_in_one_line() -> None:
    with pytest.raises(CheckpointError, match=r"^here: its weights are of another network \(Error") as caught:
        load_into(nn.Linear(2, 3), nn.Linear(3, 2).state_dict(), "here")
    assert "\n" not in str(caught.value)


def test_no_number_that_is_none_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        save(tmp_path, "last", tensors(), {**document(1), "best": {"fid": float("nan")}})
    assert read(tmp_path, "last") is None


def test_an_error_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old", encoding="utf-8")
    with pytest.raises(TypeError), atomic_write(tmp_path / "file") as partial:
        partial.write_text(7)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "old"
