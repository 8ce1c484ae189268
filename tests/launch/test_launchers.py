"""The launchers on machines with stand-ins for Python and pip: nothing is installed for real."""

import subprocess

import pytest

from .conftest import ROOT

SCRIPTS = sorted(
    path
    for path in (*(ROOT / "launch").iterdir(), ROOT / ".ci" / "run")
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes().startswith(b"#!/bin/sh"))
)
LAUNCHERS = ["demo", "test", "check"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_plain_sh(path):
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0
    assert path.suffix == ".sh" or path.stat().st_mode & 0o111


def test_a_first_start_installs_and_a_second_does_not(machine):
    first = machine.run("demo")
    assert first.returncode == 0, first.stderr
    assert len(machine.installs) == 1
    assert "[camera,plot,pybullet]" in machine.installs[0]
    assert "--only-binary :all:" in machine.installs[0]
    assert [line.split(":")[0] for line in first.stderr.splitlines()] == ["neuroloop"] * 3

    second = machine.run("demo")
    assert second.returncode == 0
    assert machine.did == ["neuroloop run navigate --headless --plot out/navigate.png"]


def test_the_demo_passes_arguments_and_exit_code_on(machine):
    done = machine.run("demo", "--seed", "3", NEUROLOOP_EXIT=3)
    assert done.returncode == 3
    assert machine.did[-1].endswith("--seed 3")
    assert "Next" not in done.stdout


def test_the_demo_ends_with_three_things_to_try(machine):
    done = machine.run("demo")
    offered = [line for line in done.stdout.splitlines() if ".venv/bin/neuroloop" in line]
    assert len(offered) == 3


def test_pytest_gets_the_arguments_and_its_exit_code_comes_back(machine):
    done = machine.run("test", "-k", "two words", TOOL_EXIT=5)
    assert done.returncode == 5
    assert machine.did[-1] == "python -m pytest -k two words"
    assert "[dev]" in machine.installs[0]


def test_the_extras_of_one_launcher_do_not_undo_those_of_another(machine):
    for launcher, installs in (("demo", 1), ("test", 1), ("demo", 0), ("test", 0)):
        assert machine.run(launcher).returncode == 0
        assert len(machine.installs) == installs


def test_another_pyproject_is_installed_again(machine):
    machine.run("test")
    pyproject = machine.root / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + "# changed\n")
    machine.run("test")
    assert len(machine.installs) == 1
    assert not [line for line in machine.did if "-m venv" in line]


def test_the_newest_python_is_taken(bare):
    for name in ("python3.11", "python3.13", "python3"):
        bare.python(name)
    bare.run("test")
    assert bare.did[0].startswith("python3.13 -m venv")


def test_a_python_that_cannot_make_a_venv_is_passed_over(bare):
    bare.python("python3.14", "no-venv 3.14\n")
    bare.python("python3.13", "version 3.10\n")
    bare.write("python3.12", "#!/bin/sh\necho 'not to be had' >&2\nexit 127\n")
    bare.python("python3.11")
    assert bare.run("test").returncode == 0
    assert bare.did[0].startswith("python3.11 -m venv")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("no-venv 3.13\n", "apt-get install -y python3.13-venv"),
        ("version 3.9\n", "here is Python 3.9"),
    ],
)
def test_what_is_wrong_with_the_only_python_is_said(bare, state, said):
    bare.python("python3", state)
    bare.write("apt-get", "#!/bin/sh\nexit 1\n")
    done = bare.run("demo")
    assert done.returncode == 4
    assert said in done.stderr


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_without_any_python_the_message_says_which_is_needed(bare, launcher):
    done = bare.run(launcher)
    assert done.returncode == 4
    assert "needs Python 3.11 to 3.14" in done.stderr


def test_a_start_that_was_interrupted_is_made_anew(machine):
    machine.run("test")
    (machine.venv / "neuroloop.unfinished").touch()
    (machine.venv / "left over").touch()
    assert machine.run("test").returncode == 0
    assert len(machine.installs) == 1
    assert not (machine.venv / "left over").exists()


@pytest.mark.parametrize("kept", [(), ("pyvenv.cfg",)])
def test_a_venv_without_a_python_is_made_anew(machine, kept):
    machine.venv.mkdir()
    (machine.venv / "lib").mkdir()
    for name in kept:
        (machine.venv / name).touch()
    assert machine.run("test").returncode == 0
    assert not (machine.venv / "lib").exists()


def test_a_venv_without_pip_gets_one(machine):
    machine.run("test")
    (machine.venv / "neuroloop.stamp").unlink()
    (machine.venv / "bin" / "no-pip").touch()
    assert machine.run("test").returncode == 0
    assert "python -m ensurepip" in machine.did
    assert not [line for line in machine.did if "-m venv" in line]


def test_a_venv_that_can_get_no_pip_is_made_anew(machine):
    machine.run("test")
    (machine.venv / "neuroloop.stamp").unlink()
    for name in ("no-pip", "no-ensurepip"):
        (machine.venv / "bin" / name).touch()
    assert machine.run("test").returncode == 0
    assert [line for line in machine.did if "-m venv" in line]


def test_a_folder_that_is_no_venv_is_left_alone(machine, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").touch()
    done = machine.run("test", NEUROLOOP_VENV=mine)
    assert done.returncode == 4
    assert "not a virtual environment" in done.stderr
    assert [path.name for path in mine.iterdir()] == ["letter"]


def test_the_venv_may_be_elsewhere(machine, tmp_path):
    done = machine.run("demo", NEUROLOOP_VENV=tmp_path / "else where")
    assert done.returncode == 0
    assert not machine.venv.exists()
    assert (tmp_path / "else where" / "neuroloop.stamp").exists()


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_place_that_cannot_be_written_is_named(machine, tmp_path, launcher):
    (tmp_path / "file").touch()
    done = machine.run(launcher, NEUROLOOP_VENV=tmp_path / "file" / "venv")
    assert done.returncode == 4
    assert "cannot write to" in done.stderr
    assert "NEUROLOOP_VENV" in done.stderr


def test_a_launcher_works_from_anywhere_and_through_a_link(machine, tmp_path):
    (tmp_path / "link").symlink_to(machine.root / "launch" / "demo")
    done = machine.run(tmp_path / "link", cwd="/", CDPATH="/tmp")
    assert done.returncode == 0, done.stderr
    assert (machine.root / "out").is_dir()


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("WARNING: Retrying after connection broken by NewConnectionError", "network"),
        ("ERROR: Could not find a version that satisfies numpy", "could not install"),
    ],
)
def test_what_pip_says_is_put_in_words_and_the_next_start_tries_again(machine, says, said):
    done = machine.run("demo", PIP_SAYS=says)
    assert done.returncode == 4
    assert said in done.stderr
    assert says in (machine.venv / "neuroloop.log").read_text()
    assert machine.run("demo").returncode == 0
    assert len(machine.installs) == 1


@pytest.mark.parametrize(
    ("linter", "name", "content"),
    [
        ("end-of-file", "short.md", b"no newline"),
        ("end-of-file", "long.md", b"too many\n\n"),
        ("large-files", "big.bin", bytes(700 << 10)),
        ("toml", "bad.toml", b"a = \n"),
    ],
)
def test_check_names_the_file_at_fault(machine, linter, name, content):
    subprocess.run(["git", "init", "-q", machine.root], check=True)
    assert machine.run("check", linter).returncode == 0
    (machine.root / name).write_bytes(content)
    done = machine.run("check", linter, "ruff")
    assert done.returncode == 1
    assert name in done.stderr
    assert f"failed: {linter}" in done.stderr
    assert "python -m ruff check" in machine.did


def test_check_knows_its_linters(machine):
    done = machine.run("check", "lint")
    assert done.returncode == 1
    assert "no linter called lint" in done.stderr


@pytest.mark.parametrize(("test", "check"), [(0, 0), (1, 0), (0, 1)])
def test_ci_runs_tests_and_checks_and_fails_with_either(machine, test, check):
    for name, code in (("test", test), ("check", check)):
        path = machine.root / "launch" / name
        path.write_text(f"#!/bin/sh\necho ran {name} data=$NEUROLOOP_DATA\nexit {code}\n")
    data = machine.root.parent / "shared" / "data"
    data.mkdir(parents=True)
    done = machine.run(machine.root / ".ci" / "run", CI="true")
    assert done.returncode == (test or check)
    assert f"ran test data={data}" in done.stdout
    assert "ran check" in done.stdout
