"""Every package of the base install is there as a wheel for 64-bit Arm: no compiler on a robot."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads(
    (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8")
)["project"]
GLIBC = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
"""Debian 12 and Ubuntu 22.04, and so Raspberry Pi OS and JetPack 6, are newer than the first"""
COMPILED = ("numpy", "numba", "llvmlite", "msgspec")
_OUT_OF_REACH = ("NewConnectionError", "name resolution", "ConnectTimeout", "ReadTimeout")


def _resolved(version, folder):
    """Return what pip would install on such a machine; it downloads what tells dependencies."""
    platforms = [word for name in GLIBC for word in ("--platform", f"{name}_aarch64")]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", version),
            *(*platforms, "--target", folder, "--report", "-", *PROJECT["dependencies"]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in _OUT_OF_REACH):
        pytest.skip("the package index is out of reach, so nothing can be asked")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["install"]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_base_install_needs_no_compiler_on_arm(version, tmp_path):
    resolved = _resolved(version, tmp_path)
    found = {i["metadata"]["name"].lower(): i["download_info"]["url"] for i in resolved}
    assert {"aiomqtt", "typer", *COMPILED} <= set(found)
    assert all(url.endswith(".whl") for url in found.values())
    assert [name for name in COMPILED if "aarch64" not in found[name]] == []
