"""Atomic writing: whole or not at all, nothing left behind, and nothing of anybody else's removed."""

import subprocess
import sys
from pathlib import Path

from ganeval.runtime import files


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path):
    code = """import os, signal, sys
from pathlib import Path
from ganeval.runtime.files import replacing
with replacing(Path(sys.argv[1]) / "half.json") as partial:
    partial.write_text("half")
    print(partial.parent, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    alive, killed = (subprocess.Popen([sys.executable, "-c", code, tmp_path], **pipes) for _ in range(2))
    scratch, left = (Path(process.stdout.readline().strip()) for process in (alive, killed))
    killed.communicate("\n")
    foreign = tmp_path / ".ganeval-00000000-1-abc"  # of another machine, where that process may be at work
    foreign.mkdir()
    (tmp_path / ".ganeval-notes").write_text("the user's")
    assert left.is_dir()
    files.write_text("-o", tmp_path / "whole.json", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {scratch.name, foreign.name, ".ganeval-notes", "whole.json"}
    alive.communicate("\n")
    files.write_text("-o", tmp_path / "whole.json", "whole")
    assert {path.name for path in tmp_path.iterdir()} == {foreign.name, ".ganeval-notes", "whole.json"}


def test_a_name_as_long_as_the_system_takes_is_written(tmp_path):
    path = tmp_path / ("ü" * 125 + ".json")  # 255 bytes
    files.write_text("-o", path, "whole")
    assert path.read_text() == "whole"
