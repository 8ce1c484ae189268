import pytest

from neuroloop.config import toml
from neuroloop.core.errors import ConfigError
from neuroloop.core.secret import Secret


def test_it_comes_from_the_environment_or_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBOT_PASSWORD", "hunter2")
    (tmp_path / "password.txt").write_text("hunter3\n")
    assert Secret(env="ROBOT_PASSWORD").reveal(tmp_path, "x") == "hunter2"
    assert Secret(file="password.txt").reveal(tmp_path, "x") == "hunter3"


def test_settings_never_hold_it(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBOT_PASSWORD", "hunter2")
    secret = toml.convert({"env": "ROBOT_PASSWORD"}, Secret, "x")
    secret.reveal(tmp_path, "x")
    assert "hunter2" not in repr(secret) + str(secret)


def test_a_plain_text_in_the_run_file_is_refused_without_repeating_it():
    with pytest.raises(ConfigError) as refused:
        toml.convert("hunter2", Secret, "run.toml: [actuator.wheels]")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (Secret(), "either env or file"),
        (Secret(env="A", file="b"), "either env or file"),
        (Secret(env="NEUROLOOP_NOT_SET"), "NEUROLOOP_NOT_SET is not set"),
        (Secret(file="absent.txt"), "absent.txt"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(secret, words, tmp_path):
    with pytest.raises(ConfigError, match=words) as refused:
        secret.reveal(tmp_path, "run.toml: [actuator.wheels]: `password`")
    assert str(refused.value).startswith("run.toml: [actuator.wheels]")
