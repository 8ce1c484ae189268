import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from neuroloop.cli.main import main

HERE = Path(__file__).parent
TRIES = 3

# what `neuroloop bench engine --keep` found on this machine must not choose the layouts of tests
_CACHE = tempfile.TemporaryDirectory(prefix="neuroloop-tests-")
os.environ["XDG_CACHE_HOME"] = _CACHE.name


@pytest.fixture(autouse=True)
def _log():
    """Put back what a command line sets up for the whole process: where the log goes."""
    loggers = [logging.getLogger(name) for name in ("neuroloop", "neuroloop.chip")]
    before = [(log.handlers, log.propagate, log.level) for log in loggers]
    yield
    for log, (handlers, propagate, level) in zip(loggers, before, strict=True):
        log.handlers, log.propagate = handlers, propagate
        log.setLevel(level)


@pytest.fixture
def command(capsys):
    """Call the command line in this process; returns exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def _module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stalls = _module("stalls")


def pytest_configure(config):
    """Watch the machine while tests run."""
    config.stalls_file = str(Path(_CACHE.name) / "stalls")
    command = [sys.executable, HERE / "stalls.py", config.stalls_file]
    config.stalls = subprocess.Popen(command, stdout=subprocess.PIPE)
    config.stalls.stdout.read(1)  # it watches


def pytest_unconfigure(config):
    config.stalls.kill()
    config.stalls.communicate()


def pytest_runtest_protocol(item, nextitem):
    """Repeat a test of real time that failed while the machine stood still, and say so."""
    if item.get_closest_marker("real_time") is None:
        return None
    hook, at = item.ihook, {"nodeid": item.nodeid, "location": item.location}
    hook.pytest_runtest_logstart(**at)
    for left in reversed(range(TRIES)):
        start = time.monotonic()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not left or not any(report.failed for report in reports):
            break
        stood_s = stalls.longest(item.config.stalls_file, start, time.monotonic())
        if not stood_s:
            break
        said = f"{item.nodeid}: the machine stood still for {stood_s:.3f} s"
        item.user_properties.append(("repeated", said))
        item._initrequest()  # fixtures anew
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(**at)
    return True


def pytest_terminal_summary(terminalreporter):
    reports = (report for kind in terminalreporter.stats.values() for report in kind)
    properties = (pair for report in reports for pair in getattr(report, "user_properties", ()))
    repeated = sorted({said for name, said in properties if name == "repeated"})
    if repeated:
        terminalreporter.section("repeated tests of real time")
        for line in repeated:
            terminalreporter.line(line)
