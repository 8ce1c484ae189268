"""Help is quick and shows how: it loads no part, no array and no compiler."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from neuroloop import cli
from neuroloop.cli import main as entrance
from neuroloop.config.resolve import PACKAGES

VERBS = sorted(
    path.stem.removesuffix("_")
    for path in Path(cli.__path__[0]).glob("[!_]*.py")
    if path.stem != "main"
)
HEAVY = ("numpy", "numba", "llvmlite", "cv2", "matplotlib", "pybullet")
# what is loaded once the words in argv have been carried out, in a process of its own
LOADED = """\
import json, sys
from neuroloop.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""


def commands():
    """Return each command with the words that call it."""
    if not entrance.app.registered_commands:
        entrance._add_verbs()
    found, waiting = {}, [((), typer.main.get_command(entrance.app))]
    while waiting:
        words, command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting += [((*words, name), below) for name, below in inner.items()]
        if not inner:
            found[words] = command
    return found


@pytest.mark.parametrize("words", [("--help",), ("list",), *((verb, "--help") for verb in VERBS)])
def test_help_and_list_load_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert not [name for name in loaded if name in HEAVY]
    parts = tuple(f"{package}." for role, package in PACKAGES.items() if role != "network")
    assert not [name for name in loaded if name.startswith(parts)]


def test_every_file_of_the_folder_is_a_verb(command):
    code, out, _ = command("--help")
    assert code == 0
    assert not [verb for verb in VERBS if verb not in out]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_an_example_that_names_it(words):
    text = commands()[words].help or ""
    assert "example" in text.lower()
    assert f"neuroloop {' '.join(words)}" in text


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_says_what_it_does(words):
    silent = [p.name for p in commands()[words].params if not getattr(p, "help", None)]
    assert silent == []
