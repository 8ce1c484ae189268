"""`neuroloop list devices`: every kind of sensor that can look is asked, and none hides another."""

import json
import sys

import pytest

from neuroloop.cli import _looking
from neuroloop.config import resolve

KINDS = {
    "good": "def devices():\n    return [Device('/dev/eye0', 'An eye', ('64x48 at 30 Hz',))]\n",
    "lacking": "def devices():\n    raise MachineError('no libeye: apt-get install libeye')\n",
    "broken": "def devices():\n    return 1 / 0\n",
    "none": "def devices():\n    return []\n",
    "blind": "x = 1\n",
}
HEAD = "from neuroloop.core.device import Device\nfrom neuroloop.core.errors import MachineError\n"


@pytest.fixture
def kinds(tmp_path, monkeypatch):
    """Five kinds of sensors; one of them cannot look for devices."""
    package = tmp_path / f"eyes_of_{tmp_path.name}"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in KINDS.items():
        (package / f"{name}.py").write_text(HEAD + text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(resolve.PACKAGES, "sensor", package.name)
    return package.name


def test_each_device_is_shown_with_its_modes(command, kinds):
    code, out, err = command("list", "devices")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    at = lines.index("good")
    assert lines[at + 1].split() == ["/dev/eye0", "An", "eye"]
    assert lines[at + 2].strip() == "64x48 at 30 Hz"
    assert lines[lines.index("none") + 1].strip() == "none found"
    assert "blind" not in lines


def test_what_is_missing_is_a_line_and_hides_nothing(command, kinds):
    _, out, _ = command("list", "devices")
    lines = out.splitlines()
    assert lines[lines.index("lacking") + 1].strip() == "no libeye: apt-get install libeye"
    assert lines[lines.index("broken") + 1].strip() == "ZeroDivisionError: division by zero"
    assert "Traceback" not in out


def test_json_has_the_same(command, kinds):
    _, out, _ = command("list", "devices", "--json")
    found = json.loads(out)
    assert found["good"]["devices"] == [
        {"address": "/dev/eye0", "name": "An eye", "modes": ["64x48 at 30 Hz"]}
    ]
    assert found["none"] == {"kind": "none", "devices": [], "lacks": ""}
    assert found["lacking"]["lacks"].startswith("no libeye")


def test_one_kind_alone_can_be_asked(command, kinds):
    assert command("list", "devices", "none") == (0, "none\n  none found\n", "")
    code, _, err = command("list", "devices", "god")
    assert code == 2
    assert 'no kind of sensor "god" looks for devices (did you mean "good"?' in err


def test_finding_who_can_look_imports_nobody(kinds):
    assert _looking.kinds() == ["broken", "good", "lacking", "none"]
    assert not [name for name in sys.modules if name.startswith(f"{kinds}.")]


def test_the_real_sensors_answer(command):
    code, out, err = command("list", "devices", "--json")
    assert (code, err) == (0, "")
    assert "camera" in json.loads(out)


def test_devices_are_suggested(command):
    code, _, err = command("list", "device")
    assert code == 2
    assert 'did you mean "devices"' in err
