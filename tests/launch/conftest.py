import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "sh bash dirname readlink basename id ls mkdir cat grep sed tail cp rm flock git env xargs"

# One script stands for every Python: what it is asked goes to a log, what must be true is real.
PYTHON = """\
#!/bin/sh
case "$1" in -c | -) ;; *) printf '%s %s\\n' "${0##*/}" "$*" >>"$LAUNCH_LOG" ;; esac
here=$(dirname "$0")
case "$1 ${2-}" in
    "- ")
        [ -e "$0.state" ] || exec "$REAL_PYTHON" "$@"
        cat "$0.state" ;;
    "- "* | "-c "*) exec "$REAL_PYTHON" "$@" ;;
    "-m venv")
        rm -rf "$4" && mkdir -p "$4/bin" && : >"$4/pyvenv.cfg" && cp "$0" "$4/bin/python"
        cp "$here/neuroloop" "$4/bin/neuroloop" ;;
    "-m ensurepip") [ ! -e "$here/no-ensurepip" ] && rm -f "$here/no-pip" ;;
    "-m pip")
        [ ! -e "$here/no-pip" ] || exit 1
        [ -z "${PIP_SAYS-}" ] || { echo "$PIP_SAYS"; exit 1; } ;;
    *) exit "${TOOL_EXIT:-0}" ;;
esac
"""
NEUROLOOP = """\
#!/bin/sh
printf 'neuroloop %s\\n' "$*" >>"$LAUNCH_LOG"
exit "${NEUROLOOP_EXIT:-0}"
"""


class Machine:
    """A checkout on a machine that has a few tools, the given Pythons and no network."""

    def __init__(self, folder):
        self.root = folder / "a checkout"
        self.venv = self.root / ".venv"
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.bin.mkdir()
        for tool in TOOLS.split():
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)
        shutil.copytree(ROOT / "launch", self.root / "launch")
        shutil.copytree(ROOT / ".ci", self.root / ".ci")
        (self.root / "pyproject.toml").write_text("[project]\n")
        self.write("neuroloop", NEUROLOOP)

    def write(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name, state=None):
        """Add a Python; ``state`` is what it says of itself where it is not a good one."""
        path = self.write(name, PYTHON)
        if state is not None:
            path.with_name(f"{name}.state").write_text(state)

    def run(self, launcher, *arguments, cwd=None, **variables):
        path = launcher if isinstance(launcher, Path) else self.root / "launch" / launcher
        self.log.write_text("")
        environment = {
            "PATH": str(self.bin),
            "HOME": str(self.bin.parent),
            "LAUNCH_LOG": str(self.log),
            "REAL_PYTHON": os.path.realpath(sys.executable),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [path, *arguments],
            cwd=cwd or self.root,
            env=environment | {name: str(value) for name, value in variables.items()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def did(self):
        """What the Pythons and neuroloop were asked in the last start, in order."""
        return self.log.read_text().splitlines()

    @property
    def installs(self):
        return [line for line in self.did if "pip install" in line]


@pytest.fixture
def bare(tmp_path):
    """A machine without any Python."""
    return Machine(tmp_path)


@pytest.fixture
def machine(bare):
    """A machine with one good Python."""
    bare.python("python3")
    return bare
