"""Recordings of event cameras: what is written is read, in every format; what is broken is told."""

import contextlib
import hashlib
import importlib.util
import logging
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neuroloop.core.errors import ConfigError
from sensors import event_camera
from sensors.event_camera import _events, _slices

DATA = Path(os.environ.get("NEUROLOOP_DATA", Path(__file__).parents[3] / "shared" / "data"))
WIDTH, HEIGHT = 320, 240
A_SECOND = 1_000_000


def some(n=5000, seed=0, start_us=70):
    """Return events at random; the columns of the array are t, x, y, p."""
    rng = np.random.default_rng(seed)
    t = start_us + np.cumsum(rng.integers(0, 40, n) ** 2 // 60)
    return np.column_stack(
        (t, rng.integers(0, WIDTH, n), rng.integers(0, HEIGHT, n), rng.integers(0, 2, n))
    )


def header(evt):
    return f"% evt {evt}\n% geometry {WIDTH}x{HEIGHT}\n% end\n".encode()


def evt2(events):
    words, high = [], None
    for t, x, y, p in events.tolist():
        if t >> 6 != high:
            high = t >> 6
            words.append(8 << 28 | high & 0xFFFFFFF)
        words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
    return header("2.0") + np.array(words, "<u4").tobytes()


def evt3(events):
    words, high, low, row = [], None, None, None
    for t, x, y, p in events.tolist():
        if t >> 12 != high:
            high, low = t >> 12, 0
            words.append(8 << 12 | high & 0xFFF)
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(6 << 12 | low)
        if y != row:
            row = y
            words.append(y)
        words.append(2 << 12 | p << 11 | x)
    return header("3.0") + np.array(words, "<u2").tobytes()


def dat(events):
    t, x, y, p = events.T
    words = np.column_stack((t & 0xFFFFFFFF, p << 28 | y << 14 | x)).astype("<u4")
    text = f"% Data file containing CD events.\n% Version 2\n% Height {HEIGHT}\n% Width {WIDTH}\n"
    return text.encode() + b"\x0c\x08" + words.tobytes()


def es(events):
    out, last = [b"Event Stream\x02\x00\x00\x01", struct.pack("<HH", WIDTH, HEIGHT)], 0
    for t, x, y, p in events.tolist():
        silent, rest = divmod(t - last, 127)
        out.append(b"\xff" * silent + struct.pack("<BHH", rest << 1 | p, x, HEIGHT - 1 - y))
        last = t
    return b"".join(out)


def csv(events):
    lines = [f"{t},{x},{y},{p}" for t, x, y, p in events.tolist()]
    return "\n".join([f"t,x@{WIDTH},y@{HEIGHT},p", *lines, ""]).encode()


def flatbuffer(name, fields, items):
    """Return a size-prefixed FlatBuffer: a table of numbers, and a vector as its last field."""
    forms = [form for form, _ in fields] + ["<I"]
    places, at = [], 4
    for form in forms:
        at += -at % struct.calcsize(form)
        places.append(at)
        at += struct.calcsize(form)
    vtable = struct.pack(f"<{2 + len(forms)}H", 4 + 2 * len(forms), at, *places)
    vtable += bytes(-len(vtable) % 8)
    root = 8 + len(vtable)  # the root's offset and the name stand before it
    body = bytearray(at + -at % 8 + 4)
    struct.pack_into("<i", body, 0, root - 8)
    for (form, value), place in zip(fields, places, strict=False):
        struct.pack_into(form, body, place, value)
    data, count = items
    struct.pack_into("<I", body, places[-1], len(body) - places[-1])
    whole = struct.pack("<I", root) + name + vtable + bytes(body) + struct.pack("<I", count) + data
    return struct.pack("<I", len(whole)) + whole


XML = f"""<dv version="2.0"><node name="outInfo" path="/o/">
<node name="0" path="/o/0/"><attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info"><attr key="sizeX" type="int">{WIDTH}</attr>
<attr key="sizeY" type="int">{HEIGHT}</attr></node></node>
<node name="1" path="/o/1/"><attr key="typeIdentifier" type="string">IMUS</attr></node>
</node></dv>"""

RECORD = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1"), ("pad", "V3")])


def aedat4(events, pack=bytes, compression=0, xml=XML, size=700):
    out = [
        b"#!AER-DAT4.0\r\n",
        flatbuffer(b"IOHE", [("<i", compression), ("<q", -1)], (xml.encode(), len(xml))),
    ]
    for start in range(0, len(events), size):
        part = events[start : start + size]
        records = np.zeros(len(part), RECORD)
        for k, name in enumerate("txyp"):
            records[name] = part[:, k]
        packet = pack(flatbuffer(b"EVTS", [], (records.tobytes(), len(part))))
        out += [struct.pack("<ii", 0, len(packet)), packet]
        out += [struct.pack("<ii", 1, 11), b"not for us!"]
    return b"".join(out)


def lz4(events):
    from lz4 import frame

    return aedat4(events, frame.compress, 1)


def zstd(events):
    import zstandard

    return aedat4(events, zstandard.ZstdCompressor().compress, 3)


WRITERS = {
    "evt2": evt2,
    "evt3": evt3,
    "dat": dat,
    "es": es,
    "csv": csv,
    "aedat4": aedat4,
    "aedat4 lz4": lz4,
    "aedat4 zstd": zstd,
}
PACKAGES = {"aedat4 lz4": "lz4", "aedat4 zstd": "zstandard"}


@pytest.fixture(params=WRITERS)
def written(request):
    """Return what writes events in a format."""
    package = PACKAGES.get(request.param)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"no {package}")
    return request.param.split()[0], WRITERS[request.param]


def opened(folder, kind, content):
    path = folder / f"events.{'raw' if kind.startswith('evt') else kind}"
    path.write_bytes(content)
    return event_camera.open(path)


def columns(events):
    return np.column_stack((events.t_us, events.x, events.y, events.p)).astype(np.int64)


def test_what_is_written_is_read(written, tmp_path, caplog):
    kind, write = written
    events = some()
    recording = opened(tmp_path, kind, write(events))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert columns(recording.read()).tolist() == events.tolist()
    assert (recording.format, recording.width, recording.height) == (kind, WIDTH, HEIGHT)
    assert recording.counts == {}
    assert recording.broken == ""
    assert caplog.messages == []


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_pieces_of_any_size_make_the_same_events(written, tmp_path, monkeypatch, piece):
    kind, write = written
    events = some(300)
    recording = opened(tmp_path, kind, write(events))
    monkeypatch.setattr("sensors.event_camera._pieces._PIECE_BYTES", piece)
    monkeypatch.setattr("sensors.event_camera._recording._ROOM", 16)
    assert columns(recording.read()).tolist() == events.tolist()


def test_batches_by_count_and_by_time(tmp_path):
    events = some()
    recording = opened(tmp_path, "evt2", evt2(events))
    batches = list(recording.by_count(700))
    assert [len(batch) for batch in batches] == [700] * 7 + [100]
    assert columns(_events.joined(batches)).tolist() == events.tolist()
    slices = list(recording.by_time(1000))
    first = events[0, 0]
    for k, batch in enumerate(slices):
        assert ((batch.t_us - first) // 1000 == k).all()
    assert len(slices) == (events[-1, 0] - first) // 1000 + 1
    assert columns(_events.joined(slices)).tolist() == events.tolist()


def test_time_without_events_is_an_empty_batch():
    one = np.ones(2, np.uint16)
    events = _events.Events(np.int64([5, 3500]), one, one, np.ones(2, np.uint8))
    assert [len(batch) for batch in _slices.by_time([events], 1000)] == [1, 0, 0, 1]
    with pytest.raises(ConfigError, match="a microsecond or more"):
        next(_slices.by_time([events], 0))
    with pytest.raises(ConfigError, match="one event or more"):
        next(_slices.by_count([events], 0))


def test_units_are_on_then_off_and_back(tmp_path):
    events = opened(tmp_path, "evt2", evt2(some())).read()
    spikes = events.spikes(WIDTH, HEIGHT)
    off = (1 - events.p.astype(int)) * WIDTH * HEIGHT
    assert (spikes.unit == off + events.y.astype(int) * WIDTH + events.x).all()
    again = _events.from_units(spikes.t_us, spikes.unit, WIDTH, HEIGHT)
    assert columns(again).tolist() == columns(events).tolist()


@pytest.mark.parametrize(("kind", "bits"), [("evt2", 34), ("evt3", 24), ("dat", 32)])
def test_an_overflow_of_the_clock_goes_on(tmp_path, kind, bits):
    events = some(start_us=(1 << bits) - 20_000)
    recording = opened(tmp_path, kind, WRITERS[kind](events))
    assert columns(recording.read()).tolist() == events.tolist()
    assert recording.counts == {"overflows of the clock": 1}


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "csv", "aedat4"])
def test_a_clock_set_anew_goes_on_from_where_it_was(tmp_path, kind):
    first, second = some(start_us=10 * A_SECOND), some(seed=1, start_us=4 * A_SECOND)
    recording = opened(tmp_path, kind, WRITERS[kind](np.vstack((first, second))))
    read = columns(recording.read())
    assert recording.counts == {"restarts of the clock": 1}
    assert read[:, 1:].tolist() == np.vstack((first, second))[:, 1:].tolist()
    assert read[: len(first), 0].tolist() == first[:, 0].tolist()
    # a word of time's upper bits says where the second clock stands, the lower bits come after
    passed = read[len(first) :, 0] - first[-1, 0] - (second[:, 0] - second[0, 0])
    assert 0 <= passed[0] < (4096 if kind == "evt3" else 64)
    assert (passed == passed[0]).all()


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "csv", "aedat4"])
def test_a_leap_of_more_than_an_hour_is_none(tmp_path, kind):
    events = some()
    wild = events.copy()
    # EVT 3 cannot say an hour, and what it says of it is 11.7 s
    wild[2500:, 0] += 3_602 * A_SECOND
    read = columns(opened(tmp_path, kind, WRITERS[kind](wild)).read())
    assert len(read) == len(events)
    assert read[-1, 0] < 20 * A_SECOND


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "csv", "aedat4"])
def test_a_stamp_that_goes_back_is_held_and_counted(tmp_path, kind):
    events = some()
    events[2000:2003, 0] -= 5000
    recording = opened(tmp_path, kind, WRITERS[kind](events))
    read = columns(recording.read())
    assert (np.diff(read[:, 0]) >= 0).all()
    assert read[:, 1:].tolist() == events[:, 1:].tolist()
    assert read[2003:, 0].tolist() == events[2003:, 0].tolist()
    assert 1 <= recording.counts["stamps that went back"] <= 6


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "es", "csv", "aedat4"])
def test_events_outside_of_the_picture_are_counted(tmp_path, kind):
    events = some()
    wild = events.copy()
    wild[10, 1], wild[20, 2] = WIDTH, HEIGHT
    if kind == "es":
        wild[20, 2] = -1  # rows count from the bottom there
    recording = opened(tmp_path, kind, WRITERS[kind](wild))
    assert columns(recording.read()).tolist() == np.delete(events, (10, 20), 0).tolist()
    assert recording.counts == {"events outside of the picture": 2}


@pytest.mark.parametrize(
    ("kind", "words", "first"),
    [("evt2", np.uint32([0x30000000, 0xB0000000, 0xA0000000]), 4), ("evt3", [0x9000, 0xB123], 2)],
)
def test_words_that_are_no_events_are_counted_with_their_place(
    tmp_path, caplog, kind, words, first
):
    events = some(500)
    content = WRITERS[kind](events)
    start = content.index(b"% end\n") + 6
    # behind the first word, which says the time
    strange = np.array(words, f"<u{first}").tobytes()
    content = content[: start + first] + strange + content[start + first :]
    recording = opened(tmp_path, kind, content)
    with caplog.at_level(logging.WARNING):
        assert columns(recording.read()).tolist() == events.tolist()
        recording.read()
    assert recording.counts == {"words that are no events": 2}
    (warning,) = caplog.messages
    assert f"2 words that cannot be read, the first at byte {start + first}" in warning


def test_events_before_the_first_time_are_counted(tmp_path):
    for kind, size in (("evt2", 4), ("evt3", 2)):
        content = WRITERS[kind](some(3, start_us=0))
        start = content.index(b"% end\n") + 6
        recording = opened(tmp_path, kind, content[:start] + content[start + size :])
        assert len(recording.read()) == 0
        assert recording.counts == {"events before the first time": 3}


def test_the_end_within_a_record_is_told(written, tmp_path, caplog):
    kind, write = written
    events = some(2000)
    content = write(events)
    if kind == "aedat4":
        content = content[:-19]  # what follows is no events
    recording = opened(tmp_path, kind, content[:-1])
    with caplog.at_level(logging.WARNING):
        read = columns(recording.read())
    assert 0 < len(read) <= len(events)
    assert read.tolist() == events[: len(read)].tolist()
    if kind == "csv":  # a last line may lack its end
        assert len(read) == len(events)
        return
    assert len(read) < len(events)
    assert recording.counts == {"breaks in the file": 1}
    (warning,) = caplog.messages
    assert f"it ends within a {recording._decoder.record}, at byte " in warning


def test_a_vector_of_evt3_is_a_bit_a_pixel(tmp_path):
    words = [0x8000, 0x6005, 0x0007, 0x3800 | 10, 0x4FFF, 0x5081, 0x3000 | 310, 0x4FFF]
    recording = opened(tmp_path, "evt3", header("3.0") + np.array(words, "<u2").tobytes())
    events = recording.read()
    assert events.x.tolist() == [*range(10, 22), 22, 29, *range(310, 320)]
    assert events.p.tolist() == [1] * 14 + [0] * 10
    assert set(events.y) == {7}
    assert set(events.t_us) == {5}
    assert recording.counts == {"events outside of the picture": 2}


def test_an_atis_keeps_its_changes(tmp_path):
    head = b"Event Stream\x02\x00\x00\x02" + struct.pack("<HH", WIDTH, HEIGHT)
    events = [(5 << 2 | 2, 1, 239), (1 << 2 | 1, 2, 239), (0, 3, 0)]
    body = b"".join(struct.pack("<BHH", *event) for event in events)
    read = opened(tmp_path, "es", head + b"\xfe" + body).read()
    assert columns(read).tolist() == [[131, 1, 0, 1], [132, 3, 239, 0]]


def test_dat_of_version_1_has_shorter_addresses(tmp_path):
    text = b"% Version 1\n% Width 304\n% Height 240\n\x00\x08"
    path = tmp_path / "old.dat"
    path.write_bytes(text + struct.pack("<II", 9, 1 << 17 | 200 << 9 | 303))
    assert columns(event_camera.open(path).read()).tolist() == [[9, 303, 200, 1]]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("1 2 3 1\n4 5 6 0\n", [[1, 2, 3, 1], [4, 5, 6, 0]]),
        ("0.000001 2 3 1\r\n1.5 5 6 -1", [[1, 2, 3, 1], [1_500_000, 5, 6, 0]]),
        ("# made by hand\nx;y;p;t\n7;8;1;9\n", [[9, 7, 8, 1]]),
        ('"timestamp","x","y","extra","polarity"\n9,7,8,hello,True\n', [[9, 7, 8, 1]]),
        ("t,x,y,p\n1, 2, 3, false\n\n% end\n2,3,4,+1\n", [[1, 2, 3, 0], [2, 3, 4, 1]]),
        ("1.0000005 1.0 2.00 1\n", [[1_000_001, 1, 2, 1]]),
    ],
)
def test_text_in_the_forms_that_are_about(tmp_path, text, events):
    path = tmp_path / "events.txt"
    path.write_text(text)
    assert columns(event_camera.open(path, width=10, height=10).read()).tolist() == events


@pytest.mark.parametrize(
    "line", ["1,2,3", "1,2,3,x", "1,-2,3,1", "1e3,2,3,1", "hello", "9" * 30 + ",1,1,1", "7" * 5000]
)
def test_lines_that_are_no_events_are_counted(tmp_path, line):
    path = tmp_path / "events.csv"
    path.write_text(f"1,2,3,1\n{line}\n{line}\n2,2,3,1\n")
    recording = event_camera.open(path, width=10, height=10)
    assert recording.read().t_us.tolist() == [1, 2]
    assert recording.counts == {"words that are no events": 2}


def test_a_camera_of_an_old_recording_is_known_by_its_plugin(tmp_path):
    path = tmp_path / "old.raw"
    path.write_bytes(b"% evt 3.0\n% plugin_name hal_plugin_gen41_evk3\n% t0 1000\n\x05\x80")
    recording = event_camera.open(path)
    assert (recording.width, recording.height) == (1280, 720)


def test_a_time_at_which_the_clock_was_0_is_added(tmp_path):
    content = evt2(some()).replace(b"% end", b"% t0 1000000\n% end")
    assert opened(tmp_path, "evt2", content).read().t_us[0] == some()[0, 0] + 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.raw", b"", r"is empty \(0 bytes\)"),
        ("a.raw", b"% evt 2.1\n", r"not a recording that is known .*EVT 2\.1"),
        ("a.raw", b"hello", "set `format` where it is one of evt2, evt3, dat"),
        ("a.raw", b"% evt 2.0\n", "set `width` and `height`"),
        ("a.raw", b"% evt 2.0\n% geometry 99999x2\n", "has 99999 x 2 pixels"),
        ("a.es", b"Event Stream\x02", "ends within its header"),
        ("a.es", b"Event Stream\x01\0\0\1\1\0\1\0", "of version 1 and kind 1"),
        ("a.es", b"Event Stream\x02\0\0\1\0\0\1\0", "has 0 x 1 pixels"),
        ("a.dat", b"% Version 2\n% Width 9\n% Height 9\n\x0e\x08", "0e 08; version 1 or 2"),
        ("a.dat", b"% Version 2\n% Width 9\n% Height 9\n", "missing; version 1 or 2"),
        ("a.aedat4", b"#!AER-DAT4.0\r\n\xff\xff", "header of this AEDAT4 file is damaged"),
        ("a.aedat4", b"#!AER-DAT4.1\r\n", "header of this AEDAT4 file is damaged"),
        ("a.csv", b"t,x,y,p\n", "holds no line of numbers"),
        ("a.csv", b"a,b,c,d\n1,2,3,4\n", "name them in a first line: t,x,y,p"),
        ("a.csv", b"1,2,3,1\n", "set `width` and `height`"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        event_camera.open(path)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (XML.replace("EVTS", "FRME"), "no stream of events"),
        (XML.replace("sizeX", "size"), "is damaged"),
        (XML.replace('name="0"', 'name="zero"'), "is damaged"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + XML, "is damaged"),
        (XML[:-3], "is damaged"),
    ],
)
def test_an_aedat4_header_that_says_nothing_of_use_is_refused(tmp_path, xml, message):
    with pytest.raises(ConfigError, match=message):
        opened(tmp_path, "aedat4", aedat4(some(10), xml=xml))


def test_a_packet_that_cannot_be_read_is_passed_over(tmp_path):
    events = some(2100)
    content = bytearray(aedat4(events))
    second = content.index(b"EVTS", content.index(b"not for us!"))
    content[second] ^= 1
    recording = opened(tmp_path, "aedat4", bytes(content))
    assert columns(recording.read()).tolist() == np.delete(events, slice(700, 1400), 0).tolist()
    assert recording.counts == {"words that are no events": 1}


def test_what_follows_no_packet_is_not_read(tmp_path):
    content = bytearray(aedat4(some(2100)))
    second = content.index(b"not for us!") + 11
    content[second : second + 4] = struct.pack("<i", 77)
    recording = opened(tmp_path, "aedat4", bytes(content))
    assert len(recording.read()) == 700
    assert recording.broken.startswith("what follows is no packet (stream 77,")
    assert recording.broken.endswith(f"at byte {second:,}")


def traced(call):
    """Return what a call returns, and the most memory that Python and NumPy took for it."""
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_does_not_fill_the_memory(tmp_path):
    frame = pytest.importorskip("lz4.frame")
    content = aedat4(some(10), lambda _: frame.compress(bytes(1 << 26)), 1)
    recording = opened(tmp_path, "aedat4", content)
    events, peak = traced(recording.read)
    assert len(events) == 0
    assert peak < 1 << 27
    assert recording.counts == {"words that are no events": 1}


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        event_camera.open(tmp_path / "no.raw")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        event_camera.open(tmp_path)


# of t_us, x, y, p as int64, uint16, uint16, uint8, one after another: the same from two independent
# decoders each (tests/peers/event_files.py): faery and expelliarmus, faery and event_stream
KNOWN = {
    "evt2.raw": (521_252, "19f26ddbd8515367"),
    "dvs.es": (473_225, "b064c46f178e1afb"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_real_recordings_are_read_as_others_read_them(name):
    path = DATA / "events" / name
    if not path.exists():
        pytest.skip(f"no recordings in {DATA} (set NEUROLOOP_DATA)")
    events = event_camera.open(path).read()
    arrays = (events.t_us, events.x, events.y, events.p)
    digest = hashlib.blake2b(b"".join(each.tobytes() for each in arrays), digest_size=8)
    assert (len(events), digest.hexdigest()) == KNOWN[name]


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "es", "csv"])
def test_memory_is_bounded_however_long_the_file(tmp_path, kind):
    content = WRITERS[kind](some(100))
    body = content[-len(content) // 2 :]
    recording = opened(tmp_path, kind, content + body * ((6 << 20) // len(body)))
    for _ in recording:
        break  # compiled
    n, peak = traced(lambda: sum(map(len, recording)))
    assert n > 100_000
    assert peak < 6 << 20


FUZZED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("kind", ["evt2", "evt3", "dat", "es", "csv", "aedat4", "aedat4 lz4"])
@FUZZED
@given(data=st.data())
def test_broken_files_give_what_can_be_read(tmp_path, kind, data):
    package = PACKAGES.get(kind)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"no {package}")
    content = bytearray(WRITERS[kind](some(300)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    with contextlib.suppress(ConfigError):
        check(opened(tmp_path, kind.split()[0], bytes(content)))


@FUZZED
@given(content=st.binary(max_size=3000), kind=st.sampled_from(["evt2", "evt3", "dat", "es"]))
@example(content=b"", kind="evt2")
def test_noise_behind_a_header_gives_what_can_be_read(tmp_path, content, kind):
    start = WRITERS[kind](some(0)) if kind != "dat" else dat(np.zeros((0, 4), np.int64))
    check(opened(tmp_path, kind, start + content))


def check(recording):
    """Check what must hold of any file."""
    events = recording.read()
    assert (np.diff(events.t_us) >= 0).all()
    assert (events.x < recording.width).all()
    assert (events.y < recording.height).all()
    assert (events.p <= 1).all()
    again = recording.read()
    assert columns(again).tolist() == columns(events).tolist()
