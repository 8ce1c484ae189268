"""docs/firmware.md says what the firmware does."""

import json
from pathlib import Path

import pytest

from neuroloop.bench.firmware.robot import firmware_folder

FOLDER = firmware_folder()
TEXT = (Path(FOLDER).parents[1] / "docs" / "firmware.md").read_text()
CONFIG = json.loads((FOLDER / "config.json").read_text())


def named(words):
    for name, value in words.items():
        yield name
        if isinstance(value, dict):
            yield from named(value)


@pytest.mark.parametrize("name", sorted(set(named(CONFIG)) - set(CONFIG["pins"])))
def test_each_setting_is_there(name):
    assert f"`{name}" in TEXT or f".{name}`" in TEXT


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*")), ids=lambda path: path.name)
def test_each_file_is_there(path):
    assert path.name == "__pycache__" or f"`{path.name}`" in TEXT


@pytest.mark.parametrize(
    "row",
    [
        "| {motors[0]}, {motors[1]} | DRV8833 IN1, IN2 | left motor",
        "| {motors[2]}, {motors[3]} | DRV8833 IN3, IN4 | right motor",
        "| {encoders[0][0]}, {encoders[0][1]} | left encoder",
        "| {encoders[1][0]}, {encoders[1][1]} | right encoder",
        "| {ranges[0]}, {ranges[1]}, {ranges[2]} | range finders",
        "| {button} | button",
        "| {power_led} | red LED",
        "| {network_led} | green LED",
    ],
)
def test_the_wiring_is_that_of_the_configuration(row):
    assert row.format(**CONFIG["pins"]) in TEXT
