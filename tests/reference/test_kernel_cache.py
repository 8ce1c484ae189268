"""The disk cache of compiled code: hit where nothing changed, missed where anything did.

Every test runs small programs in processes of their own, on a copy of the package and with a
cache folder of its own.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import neuroloop
from neuroloop.core.kernel import stamp
from neuroloop.runtime.live.run import run
from neuroloop.runtime.tick import tick

PACKAGE = Path(neuroloop.__file__).parent

NEURON = """
import ctypes, sys
import numpy as np
from pathlib import Path
from neuroloop.config import resolve
from neuroloop.core.ports import Cell
from neuroloop.engine import row
from neuroloop.engine.arena import Assembler
from neuroloop.engine.op import place, spiking
from neuroloop.engine.program import Plan, Program

module = resolve.module("neuron", sys.argv[1], Path(), "here")
kernel = module.build(module.Config(), Cell(2, 1.0, np.random.default_rng(0)))
to = Assembler()
units = spiking(to, "cell", 2)
words = {row.N: 2, row.IN: to.field("x", np.float32, (64,)), row.OUT: units.spikes, row.COUNT: 1}
for word, name in ((row.SPIKING, "fires"), (row.SILENT, "silent")):
    words[word] = to.field(name, np.uint8, (2,))
program = Program(Plan([place(to, "cell", kernel, words)], []), to)
call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(kernel.entry.address)
program.arena["x"][:2] = 0.5, 2.0
call(program.arena.address, program.rows.ctypes.data)
v, spikes = program.arena["cell.v"].tolist(), program.arena["cell.spikes"].tolist()
print(bool(kernel.entry._compiled.cache_hits), v, spikes)
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A copy of the package with a cache that is warm."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "neuroloop", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "my_neuron.py").write_text(OWN)
    (folder / "my_helper.py").write_text(HELPER)
    (folder / "my_numbers.py").write_text("OFFSET = 0.25\n")
    copy = Copy(folder)
    copy.neuron()
    copy.neuron("./my_neuron.py")
    return copy


@pytest.fixture
def copy(compiled):
    """The same; what a test edits is put back after it."""
    yield compiled
    compiled.put_back()


class Copy:
    def __init__(self, folder):
        self.folder = folder
        self._edited = {}

    def run(self, program, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "NUMBA_CACHE_DIR": str(self.folder / "cache"),
                **environment,
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def neuron(self, kind="lif", **environment):
        return self.run(NEURON, kind, **environment)

    def edit(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, (file, old)
        self._edited.setdefault(path, text)
        path.write_text(text.replace(old, new))

    def put_back(self):
        for path, text in self._edited.items():
            path.write_text(text)
        self._edited.clear()


def test_second_start_compiles_nothing(copy):
    assert copy.neuron() == "True [0.5, 0.0] [1, 1, 0]"


def test_edit_of_the_kernel_itself_takes_effect_on_the_next_start(copy):
    copy.edit("neuroloop/neurons/lif.py", "drive * gain + jump", "drive * gain + jump + jump")

    assert copy.neuron() == "False [0.0, 0.0] [2, 0, 1]"
    assert copy.neuron() == "True [0.0, 0.0] [2, 0, 1]"


def test_edit_of_an_imported_helper_takes_effect_on_the_next_start(copy):
    # `fire`, inlined into every neuron: the list of spikes backwards
    place = "first + lowest(word)"
    copy.edit("neuroloop/engine/row.py", f"spikes[k] = {place}", f"spikes[k] = 7 - ({place})")

    assert copy.neuron() == "False [0.5, 0.0] [1, 6, 0]"


def test_edit_of_an_imported_constant_takes_effect_on_the_next_start(copy):
    copy.edit("neuroloop/engine/row.py", "HEADER_WORDS = 16", "HEADER_WORDS = 24")

    assert copy.neuron().startswith("False")


def test_edit_of_what_is_not_compiled_in_is_no_reason_to_compile(copy):
    copy.neuron()
    copy.edit("neuroloop/neurons/lif.py", "In each tick:", "Each tick:")
    copy.edit("neuroloop/engine/xorshift.py", "np.uint32(13)", "np.uint32(12)")
    copy.edit("neuroloop/cli/check.py", "import json", "import json  # edited")

    assert copy.neuron() == "True [0.5, 0.0] [1, 1, 0]"


def test_bounds_checking_has_code_of_its_own(copy):
    copy.neuron()

    assert copy.neuron(NUMBA_BOUNDSCHECK="1").startswith("False")


def test_cache_that_cannot_be_written_is_done_without(copy):
    nowhere = copy.folder / "a file"
    nowhere.write_text("not a folder")
    surroundings = {"NUMBA_CACHE_DIR": str(nowhere / "x"), "HOME": str(nowhere)}
    (copy.folder / "neuroloop/neurons/__pycache__").write_text("not a folder")
    (copy.folder / "neuroloop/core/__pycache__").write_text("not a folder")
    (copy.folder / "neuroloop/engine/__pycache__").write_text("not a folder")

    assert copy.neuron(**surroundings) == "False [0.5, 0.0] [1, 1, 0]"


OWN = """
import numpy as np
from neuroloop.neurons.lif import Config, RECEPTORS
from neuroloop.core.kernel import entry, kernel
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import N, fire, incoming, spiking, state_f32
import my_numbers
from my_helper import twice

@entry
def step(arena, row):
    v, x, fires = state_f32(arena, row, 0, row[N]), incoming(arena, row, 0), spiking(arena, row)
    for i in range(row[N]):
        v[i] = twice(x[i]) + my_numbers.OFFSET
        fires[i] = np.uint8(v[i] > 3)
        x[i] = 0
    fire(arena, row)

def build(config, cell):
    return Kernel(step, state={"v": np.zeros(cell.n, np.float32)})
"""
HELPER = """
from neuroloop.core.kernel import kernel

@kernel
def twice(x):
    return x * 2
"""


def test_kind_file_of_a_user_is_cached(copy):
    assert copy.neuron("./my_neuron.py") == "True [1.25, 4.25] [1, 1, 0]"


@pytest.mark.parametrize(
    ("file", "old", "new", "values"),
    [
        ("my_neuron.py", "v[i] > 3", "v[i] > 1", "[1.25, 4.25] [2, 0, 1]"),
        ("my_helper.py", "x * 2", "x * 4", "[2.25, 8.25] [1, 1, 0]"),
        ("my_numbers.py", "0.25", "1.5", "[2.5, 5.5] [1, 1, 0]"),
    ],
)
def test_edit_of_a_kind_file_of_a_user_or_beside_it_takes_effect(copy, file, old, new, values):
    copy.edit(file, old, new)

    assert copy.neuron("./my_neuron.py") == f"False {values}"


def test_folder_of_a_user_that_is_moved_with_its_cache_still_runs(copy):
    there, moved = copy.folder / "there", copy.folder / "elsewhere"
    for folder in (there, moved):
        folder.mkdir()
        for name in ("my_neuron.py", "my_helper.py", "my_numbers.py"):
            shutil.copy(copy.folder / name, folder / name)
    cache = copy.folder / "cache"
    copy.neuron("./there/my_neuron.py", PYTHONPATH=f"{copy.folder}:{there}")
    # Numba calls the folder so; in the user's own folder it would be __pycache__
    (made,) = cache.glob("there_*")
    made.rename(cache / f"elsewhere_{hashlib.sha1(str(moved).encode()).hexdigest()}")
    shutil.rmtree(there)

    result = copy.neuron("./elsewhere/my_neuron.py", PYTHONPATH=f"{copy.folder}:{moved}")

    assert result == "False [1.25, 4.25] [1, 1, 0]"


STAMPS = """
from neuroloop.core.kernel import stamp
from neuroloop.runtime.tick import tick
from neuroloop.runtime.live.run import run
print(stamp(tick.py_func), stamp(run.py_func))
"""


def test_stamp_is_the_same_in_every_process(copy):
    here = [stamp(tick.py_func), stamp(run.py_func)]

    assert copy.run(STAMPS, PYTHONHASHSEED="1").split() == here
    assert copy.run(STAMPS, PYTHONHASHSEED="2").split() == here


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("runtime/intake.py", "stamp < oldest", "stamp <= oldest"),
        ("engine/doors.py", "lost += max(times - fitting, 0)", "lost += 0"),
        ("core/ring.py", "read -= length", "read += length"),
        ("core/message.py", "MESSAGE_WORDS = 5", "MESSAGE_WORDS = 6"),
        ("core/native.py", '"acquire", 8', '"seq_cst", 8'),
        ("core/native.py", "u8 = _view(types.uint8)", "u8 = _view(types.int8)"),
    ],
)
def test_edit_of_anything_the_tick_is_made_of_changes_its_stamp(copy, file, old, new):
    copy.edit(f"neuroloop/{file}", old, new)

    of_tick, of_run = copy.run(STAMPS).split()

    assert of_tick != stamp(tick.py_func)
    assert of_run != stamp(run.py_func)
