"""What a run file takes over from the one it extends, and what it leaves out."""

import pytest

from neuroloop.config import find, resolve
from neuroloop.core.errors import ConfigError

BASE = '[run]\nseed = 1\n[plant]\nkind = "plane"\n[sensor.a]\nrate_hz = 1\n'


@pytest.fixture
def mine(tmp_path):
    def write(text):
        (tmp_path / "base.toml").write_text(BASE)
        (tmp_path / "mine.toml").write_text(text)
        return tmp_path / "mine.toml"

    return write


def test_tables_may_be_left_out(mine):
    tables = find.with_bases(mine('extends = "base.toml"\nwithout = ["plant"]\n[run]\nseed = 2\n'))
    assert tables == {"run": {"seed": 2}, "sensor": {"a": {"rate_hz": 1}}}


def test_a_table_that_was_left_out_may_be_given_anew(mine):
    text = 'extends = "base.toml"\nwithout = ["sensor"]\n[sensor.b]\nrate_hz = 2\n'
    assert find.with_bases(mine(text))["sensor"] == {"b": {"rate_hz": 2}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "base.toml"\nwithout = ["plan"]', r'no \[plan\] \(did you mean "plant"\?'),
        ('extends = "base.toml"\nwithout = "plant"', "expected names of tables"),
        ('extends = "base.toml"\nwithout = [3]', "expected names of tables"),
        ('without = ["plant"]', "expected names of tables"),
    ],
)
def test_what_cannot_be_left_out_is_said(mine, text, said):
    with pytest.raises(ConfigError, match=said):
        find.with_bases(mine(text))


def test_a_program_beside_plants_is_no_plant():
    assert sorted(resolve.kinds("plant")) == ["bullet", "plane"]
