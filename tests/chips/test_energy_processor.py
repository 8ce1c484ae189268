"""What the computer's own processor draws, out of files such as the kernel's."""

import pytest

from neuroloop.chips.energy.processor import Processor


def package(root, name, uj, most=1_000_000, label="package-0"):
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    (folder / "energy_uj").write_text(f"{uj}\n")
    return folder / "energy_uj"


def test_packages_are_added_up_and_their_parts_are_not(tmp_path):
    one = package(tmp_path, "intel-rapl:0", 100)
    two = package(tmp_path, "intel-rapl:1", 900_000, label="package-1")
    core = package(tmp_path, "intel-rapl:0:0", 50, label="core")
    platform = package(tmp_path, "intel-rapl:2", 7, label="psys")
    processor = Processor(tmp_path)
    assert processor.look() == 0.0
    one.write_text("2100")
    two.write_text("903000")
    core.write_text("999999")
    platform.write_text("999999")
    assert processor.look() == pytest.approx(0.005)


def test_a_counter_that_begins_anew_goes_on(tmp_path):
    energy = package(tmp_path, "intel-rapl:0", 999_000)
    processor = Processor(tmp_path)
    energy.write_text("500")
    assert processor.look() == pytest.approx(0.0015)
    energy.write_text("1500")
    assert processor.look() == pytest.approx(0.0025)


def test_a_machine_without_counters_says_so(tmp_path):
    processor = Processor(tmp_path / "none")
    assert processor.look() is None
    assert "no " in processor.why
    assert "intel-rapl" in processor.why


def test_a_machine_with_parts_alone_says_so(tmp_path):
    package(tmp_path, "intel-rapl:0", 1, label="psys")
    assert "no package" in Processor(tmp_path).why


def test_counters_that_may_not_be_read_say_who_may(tmp_path, monkeypatch):
    energy = package(tmp_path, "intel-rapl:0", 1)
    read_text = type(energy).read_text

    def refused(path, *arguments):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *arguments)

    monkeypatch.setattr(type(energy), "read_text", refused)
    processor = Processor(tmp_path)
    assert processor.look() is None
    assert "root" in processor.why


def test_counters_that_vanish_or_hold_nonsense_end_the_account(tmp_path):
    energy = package(tmp_path, "intel-rapl:0", 1)
    processor = Processor(tmp_path)
    energy.write_text("nonsense")
    assert processor.look() is None
    assert "energy_uj" in processor.why or "intel-rapl:0" in processor.why
    energy.unlink()
    assert Processor(tmp_path).look() is None
