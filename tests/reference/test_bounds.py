"""Compiled parts read and write within their arrays: their contracts once more, bounds checked.

A view of the arena knows its length, so Numba's bounds checks see a stray index; a kernel cannot
raise, so it shows as an unraisable exception, which pytest turns into a failure.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CONTRACTS = [
    TESTS / "contracts" / f"test_{role}.py"
    for role in ("neuron", "synapse", "encoder", "decoder", "guard")
]

READS_BEYOND = """
from types import SimpleNamespace
import numpy as np
from neuroloop.core.kernel import entry
from neuroloop.core.ports import Kernel
from neuroloop.engine.row import N, fire, incoming, state_f32
from neuroloop.neurons.lif import Config
from neuroloop.testing.kernels import check_neuron

@entry
def step(arena, row):
    v, x = state_f32(arena, row, 0, row[N]), incoming(arena, row, 0)
    for i in range(row[N]):
        v[i] = 0 * v[i + 1]
        x[i] = 0
    fire(arena, row)

def build(config, cell):
    return Kernel(step, state={"v": np.zeros(cell.n, np.float32)})

def test_keeps_its_promises():
    check_neuron(SimpleNamespace(Config=Config, RECEPTORS=("input",), build=build))
"""


def _pytest(request, *arguments):
    # kept from run to run: the checked code takes half a minute to compile
    cache = request.config.cache.mkdir("bounds")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-k", "keeps_its_promises", "-p", "no:cacheprovider"),
            *(f"--rootdir={TESTS.parent}", "-c", TESTS.parent / "pyproject.toml", *arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(cache)},
    )


def test_no_kernel_leaves_its_arrays(request):
    done = _pytest(request, *CONTRACTS)

    assert done.returncode == 0, done.stdout


def test_read_beyond_an_array_is_found(request, tmp_path):
    file = tmp_path / "test_stray.py"
    file.write_text(READS_BEYOND)

    done = _pytest(request, file)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "index is out of bounds" in done.stdout
