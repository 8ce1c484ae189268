"""Remedies as commands that this user can paste."""

import os
import shlex
import shutil
import sys


def as_root(command: str) -> str:
    """Return the command as this user has to type it to run it as root."""
    return command if hasattr(os, "geteuid") and os.geteuid() == 0 else f"sudo {command}"


def system_package(debian: str, elsewhere: str) -> str:
    """Return what installs a package of the system: a command on Debian, else the words given."""
    if shutil.which("apt-get"):
        return as_root(f"apt-get install -y {debian}")
    return elsewhere


def pip_install(requirement: str) -> str:
    """Return the command that installs a package for this Python."""
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.quote(requirement)}"
