"""What a wrong setting gets to hear."""

import pytest
from msgspec import Struct

from neuroloop.config import toml
from neuroloop.core.body import Fraction, Positive
from neuroloop.core.errors import ConfigError
from neuroloop.core.secret import Secret


class Inner(Struct, frozen=True, forbid_unknown_fields=True):
    share: Fraction = 0.5


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    scale: list[Positive] = []
    beams: int = 1
    inner: Inner = Inner()
    each: dict[str, Inner] = {}
    password: Secret | None = None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"scale": [1.0, -2.5]}, r"`scale\[1\]`: expected `float` > 0\.0, not -2\.5"),
        ({"inner": {"share": 400}}, r"`inner\.share`: expected `float` <= 1\.0, not 400"),
        ({"each": {"a.b": {"share": 1.5}}}, r"`each\.a\.b\.share`: .*<= 1\.0, not 1\.5"),
        ({"beams": 1.5}, r"`beams`: expected `int`, got `float`$"),
    ],
)
def test_a_number_out_of_bounds_is_shown(data, words):
    with pytest.raises(ConfigError, match=words):
        toml.convert(data, Config, "here")


def test_a_text_is_not_shown_for_it_may_be_a_password():
    with pytest.raises(ConfigError, match=r"`password`") as caught:
        toml.convert({"password": "hunter2"}, Config, "here")
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_answered_with_those_beside_it(tmp_path):
    (tmp_path / "my_robot.toml").touch()
    with pytest.raises(ConfigError, match=r'No such file.*did you mean "my_robot.toml"'):
        toml.read(tmp_path / "my_robo.toml")
