"""What the pages about chips show is what runs."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / f"chips{part}.md" for part in ("", "_quantising", "_fit", "_energy")]
TEXT = {page.name: page.read_text("utf-8") for page in PAGES}
COMMAND = re.compile(r"^neuroloop (.*?)\s*(?:#.*)?$", re.MULTILINE)
THEIRS = ("weights.npz", "nets.py:build", "my_table.toml")
"""files that stand for a reader's own"""
SHORTER = {"run": ["--ticks", "200"], "compare": ["--ticks", "20"]}


def commands(page):
    """Return the commands of a page's blocks in their order, but for those on a reader's files."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT[page], re.DOTALL)
    lines = [line for block in blocks for line in COMMAND.findall(block)]
    return [shlex.split(line) for line in lines if not set(shlex.split(line)) & set(THEIRS)]


@pytest.mark.parametrize("page", TEXT)
def test_the_commands_of_a_page_work(command, tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    # what an earlier page has made
    command("bench", "navigation", "--generate", "boxes", "--seed", "7", "--out", "boxes7.npz")
    shown = commands(page)
    assert shown
    for arguments in shown:
        more = SHORTER.get(arguments[0], [])
        if "--world" in arguments:
            more = ["--pairs", "0:1"]
        code, out, err = command(*arguments, *more)
        assert code in (0, 1), err
        assert out, arguments


def test_the_network_by_hand_does_what_its_equations_say():
    (block,) = re.findall(r"```python\n(.*?)```", TEXT["chips.md"], re.DOTALL)
    names = {}
    exec(block, names)

    # spikes act a tick later, and the exponent of 1 doubles what they add
    u, v = (names["result"].probes[f"cells.{name}"] for name in "uv")
    added = 2 * 64 * np.array([120 - 30, 0 + 90, 254 + 254])
    np.testing.assert_array_equal(u[:2], [[0, 0, 0], added])
    np.testing.assert_array_equal(v[1], np.where(added > 200 * 64, 0, added))
    np.testing.assert_array_equal(u[2], np.trunc(added * (4096 - 410) / 4096))
    fired = names["result"].spikes["cells"]
    assert (fired.t_us[0], fired.unit[0]) == (1000, 2)


def test_every_kind_that_a_page_names_is_there(command):
    kinds = set(re.findall(r"`((?:loihi1|loihi2|xylo|dynapcnn)\.[a-z_]+)`", "".join(TEXT.values())))
    _, out, _ = command("model", "list")
    assert len(kinds) > 15
    assert sorted(kind for kind in kinds if kind not in out) == []
