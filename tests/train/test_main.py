from neuroloop.network import load
from neuroloop.train.navigation import __main__ as command
from neuroloop.train.navigation import checkpoint, imitate
from neuroloop.train.navigation.imitate import Plan

SMALL = {"hidden": 8, "relay": 8, "motor": 8, "drives": 2, "decisions": 20, "steps": 2, "batch": 4}


def _shrink(monkeypatch):
    class Small(Plan):
        def __init__(self, **settings):
            super().__init__(**{**SMALL, **settings})

    monkeypatch.setattr(command, "Plan", Small)
    monkeypatch.setattr(checkpoint, "Plan", Small)
    Small.rounds = 1
    monkeypatch.setattr(command, "EXAM_WORLDS", 1)
    monkeypatch.setattr(command, "EXAM_PAIRS", 1)
    monkeypatch.setattr(command, "REAL_PAIRS", 2)


def test_training_leaves_a_network_and_can_be_resumed(tmp_path, monkeypatch, capsys):
    _shrink(monkeypatch)
    out = ["--out", str(tmp_path)]
    assert command.main([*out, "--rounds", "2", "--hours", "1e-9"]) == 0
    assert command.main([*out, "--rounds", "2"]) == 0
    assert load(tmp_path / command.NETWORK).size("motor") == 8
    said = capsys.readouterr().out
    assert "round   2" in said
    assert "in the loop, rooms: " in said
    assert load(tmp_path / command.BEST).size("motor") == 8
    assert command.main([*out, "--resume"]) == 0


def test_training_is_not_overwritten(tmp_path, monkeypatch, capsys):
    (tmp_path / checkpoint.STATE).touch()
    assert command.main(["--out", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().out


def test_interrupt_says_how_to_continue(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(imitate, "lesson", interrupted)
    monkeypatch.setattr(command, "EXAM_WORLDS", 1)
    assert command.main(["--out", str(tmp_path)]) == 130
    assert "--resume" in capsys.readouterr().out
