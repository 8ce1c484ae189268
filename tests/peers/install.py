"""One virtual environment a peer, made once: ``python tests/peers/install.py [nest brian2 torch]``.

The pins are in ``environments/<peer>.txt``, whose first line names the Python.  An environment is
made again when its file changes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parent / "environments"
STAMP = "pins.txt"


class NotInstalledError(Exception):
    """A peer that this machine cannot have; the message is one line."""


def cache() -> Path:
    """Return the folder that holds all environments."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "neuroloop" / "peers"


def peers() -> list[str]:
    """Return the names of all peers that have pins."""
    return sorted(path.stem for path in PINS.glob("*.txt"))


def interpreter(peer: str) -> Path:
    """Return the Python of a peer's environment, which is made where it is missing.

    Raises
    ------
    NotInstalledError
        Where the machine has no such Python, or pip fails.
    """
    pins = (PINS / f"{peer}.txt").read_text()
    folder = cache() / peer
    stamp, python = folder / STAMP, folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == pins:
        return python
    base = _base_python(pins.splitlines()[0].removeprefix("# python").strip())
    _say(f"{peer}: making {folder} with {base}, once")
    shutil.rmtree(folder, ignore_errors=True)
    _call(peer, [base, "-m", "venv", str(folder)])
    _call(peer, [str(python), "-m", "pip", "install", "-q", "-r", str(PINS / f"{peer}.txt")])
    stamp.write_text(pins)
    return python


def _base_python(version: str) -> str:
    """Return a Python of this version: on the path, or one that pyenv keeps."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"))
    candidates = [f"python{version}", *map(str, reversed(kept))]
    show = ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    for candidate in candidates:
        try:
            found = subprocess.run([candidate, *show], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if found.stdout.strip() == version:  # a shim may be there and lead nowhere
            return candidate
    raise NotInstalledError(f"there is no Python {version} on this machine")


def _call(peer: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise NotInstalledError(f"{peer}: {lines[-1]}")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main() -> int:
    """Install the peers named, or all; return how many are missing."""
    missing = 0
    for peer in sys.argv[1:] or peers():
        try:
            _say(f"{peer}: {interpreter(peer)}")
        except NotInstalledError as error:
            _say(f"{peer}: not installed ({error})")
            missing += 1
    return missing


if __name__ == "__main__":
    sys.exit(main())
