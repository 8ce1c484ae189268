"""What the files of the firmware promise each other."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from neuroloop.bench.firmware.robot import firmware_folder, micropython
from neuroloop.core import robot_protocol

FOLDER = firmware_folder()
FILES = sorted(FOLDER.glob("*.py"))
BOARDS = sorted(FOLDER.glob("board_*.py"))
SIX = {"motors", "encoders", "range_m", "emergency", "feed", "online"}
# of MicroPython on an ESP32
HERS = {"binascii", "gc", "json", "machine", "math", "network", "os", "select", "socket", "struct"}
HERS |= {"sys", "time", "tls"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_the_protocol_is_that_of_the_brain_to_the_byte():
    assert (FOLDER / "protocol.py").read_bytes() == Path(robot_protocol.__file__).read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_needs_nothing_but_micropython(path):
    ours = {other.stem for other in FILES}
    assert set(imported(path)) <= HERS | ours


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_a_board_knows_hardware(path):
    if path not in BOARDS:
        assert not set(imported(path)) & {"machine", "network"}


def test_there_are_two_boards():
    assert [path.stem for path in BOARDS] == ["board_esp32", "board_unix"]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.name)
def test_a_board_is_six_functions_in_sixty_lines(path):
    (board,) = (n for n in ast.parse(path.read_text()).body if isinstance(n, ast.ClassDef))
    functions = {n.name for n in board.body if isinstance(n, ast.FunctionDef)}
    assert functions == SIX | {"__init__"}
    assert len(path.read_text().splitlines()) <= 60


def test_both_boards_take_the_same_arguments():
    signatures = []
    for path in BOARDS:
        nodes = ast.walk(ast.parse(path.read_text()))
        functions = [n for n in nodes if isinstance(n, ast.FunctionDef)]
        signatures.append({n.name: ast.unparse(n.args) for n in functions})
    assert signatures[0] == signatures[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_micropython_compiles_it(path):
    pytest.importorskip(
        "micropython_unix", reason="MicroPython for Linux is a wheel for Python 3.11 on x86-64"
    )
    command = [*micropython(), "-X", "compile-only", path.name]
    done = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_configuration_has_all_that_the_boards_ask_for():
    config = json.loads((FOLDER / "config.json").read_text())
    asked = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                asked.add(node.slice.value)
    names = set()

    def collect(found):
        for name, value in found.items():
            names.add(name)
            if isinstance(value, dict):
                collect(value)

    collect(config)
    of_messages = {"power", "values", "who", "owner", "sequence", "sent_us", "valid_ms", "boot"}
    of_messages |= {"stop"}
    assert {a for a in asked if isinstance(a, str)} - of_messages <= names
