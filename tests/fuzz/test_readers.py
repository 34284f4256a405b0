"""What every reader makes of changed bytes: a value, or an error of ours. `readers.py` fuzzes longer, with atheris."""

import random
import struct

import pytest
from readers import READERS, attempt, mutated

INPUTS = 150  # of each reader; a second or less


@pytest.mark.parametrize("name", READERS)
@pytest.mark.filterwarnings("ignore")
def test_changed_bytes_are_a_value_or_an_error_of_ours(tmp_path, name):
    draw, seeds = random.Random(14), READERS[name].seeds()
    for data in [*seeds, *(mutated(draw.choice(seeds), draw) for _ in range(INPUTS))]:
        error = attempt(READERS[name], tmp_path, data)
        assert error is None, f"{error!r} from {data[:400]!r}"


def npy(header):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def changed(name, found, replacement):
    return READERS[name].seeds()[0].replace(found, replacement, 1)


HEADER = b"{'descr': '|u1', 'fortran_order': "
BRACKETS = b"[" * 100_000
FOUND = {
    "brackets in a report": ("report", lambda: BRACKETS),
    "brackets in a checkpoint": ("checkpoint", lambda: BRACKETS),
    "brackets in a log": ("log", lambda: BRACKETS),
    "brackets in limits": ("limits", lambda: BRACKETS),
    "a header that is no Python": ("npy", lambda: npy(HEADER + b"(2, 4,\n")),
    "a shape beyond 64 bits": ("npy", lambda: npy(HEADER + b"False, 'shape': (" + b"9" * 30 + b",)}\n")),
    "a member without a name": ("zip", lambda: changed("zip", b"a/1.ppmPK", b"\0/1.ppmPK")),
    "a directory that is cut": ("weights of pth", lambda: changed("weights of pth", b"PK\x01\x02", b"PK\x01\x03")),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_fuzzing_found(tmp_path, what):
    name, data = FOUND[what]
    assert attempt(READERS[name], tmp_path, data()) is None
