"""The examples of the protocol's page are messages, and say what the page says they say."""

import json
import math
import re
import struct
import tomllib
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from neuroloop.config import resolve
from neuroloop.core import robot_protocol as p
from neuroloop.core.ports import Site
from neuroloop.mqtt import messages

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()
TYPES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q", "f32": "f"}
LAYOUTS = {
    p.DRIVE: p.DRIVE_LAYOUT + p.VALID_LAYOUT[1:] + "2f",
    p.CLOCK_ASK: p.ASK_LAYOUT,
    p.CLOCK_ANSWER: p.ANSWER_LAYOUT,
    p.BODY: p.BODY_LAYOUT,
    p.ODOMETRY: p.ODOMETRY_LAYOUT,
    p.RANGE: p.RANGE_LAYOUT + "3f",
}


def section(name):
    """Return the rows of a message's table and its bytes."""
    text = re.search(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.M | re.S).group(1)
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.*?) \| (\S+) \|$", text, re.M)
    return rows, bytes.fromhex(re.search(r"```\n([0-9a-f \n]+)```", text).group(1))


def same(number, text):
    return math.isnan(number) if text == "nan" else number == float(text)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_table_is_the_layout_and_its_example_says_the_same(name):
    rows, message = section(name)
    *fields, crc = rows
    assert "<" + "".join(TYPES[t] for _, t, _, _ in fields) == expanded(LAYOUTS[name])
    ends = [
        struct.calcsize("<" + "".join(TYPES[t] for _, t, _, _ in fields[:k]))
        for k in range(len(rows))
    ]
    assert [int(at) for at, *_ in rows] == ends
    whole = message[:-4]
    assert struct.unpack("<I", message[-4:])[0] == crc32(whole) == int(crc[3])
    found = struct.unpack(LAYOUTS[name], whole)
    assert all(same(n, text) for n, (*_, text) in zip(found, fields, strict=True))


def expanded(layout):
    return re.sub(r"(\d+)([a-zA-Z])", lambda m: int(m[1]) * m[2], layout)


def test_what_the_brain_writes_are_the_examples():
    _, ask = section(p.CLOCK_ASK)
    _, answer = section(p.CLOCK_ANSWER)
    _, drive = section(p.DRIVE)
    assert messages.answer(messages.ask_of(ask), 7_200_000_000, 7_200_000_150) == answer
    wanted = messages.drive(123456789, 42, 7_200_000_000, [0.25, -0.25], valid_ms=200, power=True)
    assert wanted == drive


def test_what_the_brain_reads_are_the_examples():
    body = messages.body_of(section(p.BODY)[1])
    assert (body.owner, body.sequence, body.verdicts) == (123456789, 42, (43, 0, 0, 1, 0, 2))
    assert body.flags == p.AWAKE | p.POWERED | p.SYNCED | p.HELD
    assert messages.odometry_of(section(p.ODOMETRY)[1]).left_m == 1.5
    assert messages.scan_of(section(p.RANGE)[1]).metres.tolist()[:2] == [1.5, math.inf]


def test_the_example_of_the_clock_is_worked_out_right():
    given = re.search(r"asked (\d+), heard (\d+), sent (\d+), received (\d+)\.", PAGE)
    found = re.search(r"/ 2 = (\d+) and uncertainty = .* / 2 = (\d+)\.", PAGE)
    asked, heard, sent, received = map(int, given.groups())
    offset, uncertainty = map(int, found.groups())
    assert offset == ((heard - asked) + (sent - received)) / 2
    assert uncertainty == ((received - asked) - (sent - heard)) / 2


def test_the_parts_of_the_run_file_are_parts():
    block = tomllib.loads(re.search(r"```toml\n(.*?)```", PAGE, re.S).group(1))
    built = []
    for role in ("actuator", "sensor"):
        for name, settings in block[role].items():
            module = resolve.module(role, settings.pop("kind"), Path(), "here")
            config = msgspec.convert(settings, module.Config)
            built.append(module.build(config, Site(name, 0, 1000, Path())))
    assert len(built) == 4


def test_every_topic_is_there():
    topics = set(re.findall(r"^\| `([a-z/]+)` \| (?:robot|brain|a tool|anybody) \|", PAGE, re.M))
    known = {*p.TO_ROBOT, *p.FROM_ROBOT, p.ORDER, p.STEER, p.BRAIN}
    assert topics == known


def test_numbers_of_the_page_are_those_of_the_protocol():
    assert f"longer than {p.MOST_MESSAGE_BYTES} bytes" in PAGE
    assert f"outside 1 ... {p.MOST_VALID_MS}" in PAGE
    assert f"above {p.MOST_UNCERTAINTY_US // 1000} ms" in PAGE
    assert f"older than {p.CLOCK_OLD_MS // 1000} s" in PAGE
    assert f"At most {p.MOST_BEAMS} directions" in PAGE
    assert f"more than {p.MOST_AHEAD_US // 1000} ms plus the uncertainty" in PAGE
    assert f"the version of the protocol, {p.VERSION};" in PAGE
    assert set(re.findall(r"`nl/(\d+)/", PAGE)) == {str(p.VERSION)}
    assert all(f"`{verdict}`" in PAGE for verdict in p.VERDICTS[1:])


def test_json_of_the_page_is_json():
    cells = re.findall(r"^\| `?[a-z/`, ]+(?: on a \w+)? \| `(\{.*?\})`", PAGE, re.M)
    assert len(cells) > 8
    assert all(isinstance(json.loads(cell), dict) for cell in cells)
    assert json.loads(cells[0])["version"] == p.VERSION
    (refused,) = (json.loads(cell) for cell in cells if p.NO_RESET in cell)
    (reset,) = (json.loads(cell) for cell in cells if "who" in cell and "boot" in cell)
    assert {n: reset[n] for n in ("boot", "stop")} == {n: refused[n] for n in ("boot", "stop")}
