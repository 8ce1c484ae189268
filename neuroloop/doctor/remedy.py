"""Remedies as commands that this user can paste."""

import getpass
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


def limit(name: str, value: str) -> str:
    """Return what lifts a limit of this user (``limits.conf``), or of the container for root."""
    if os.geteuid() == 0:
        options = f"--cap-add=SYS_NICE --ulimit {name}={value}"
        return f"this is root without the right: a container needs {options}"
    line = f"{getpass.getuser()} - {name} {value}"
    path = f"/etc/security/limits.d/neuroloop-{name}.conf"
    return f"echo '{line}' | sudo tee {path}   # then log in again"
