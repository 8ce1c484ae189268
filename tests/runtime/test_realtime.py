"""What a live run asks of the machine: what was granted is so, and what was refused is said."""

import ctypes
import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from neuroloop.runtime import realtime
from neuroloop.runtime.realtime import ask, lock_refusal, locked_memory

pytestmark = pytest.mark.real_time

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="live runs need Linux")
_PR_GET_TIMERSLACK = 30


def in_thread(pin=False):
    """Ask in a thread that ends, and return what it then had."""

    def work():
        granted = ask(7, pin=pin)
        slack = ctypes.CDLL(None).prctl(_PR_GET_TIMERSLACK, 0, 0, 0, 0)
        return granted, os.sched_getscheduler(0), os.sched_getaffinity(0), slack

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def resident_bytes():
    return realtime._status("VmRSS", 10) * 1024


@linux
def test_the_priority_is_that_of_the_thread_alone():
    before = os.sched_getscheduler(0)
    granted, policy, _, _ = in_thread()
    assert granted.fifo == (policy == os.SCHED_FIFO)
    assert granted.fifo == (not any(why.startswith("SCHED_FIFO: ") for why in granted.refused))
    assert os.sched_getscheduler(0) == before


@linux
def test_where_the_priority_is_refused_the_timer_is_exact_at_least(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    granted, _, _, slack = in_thread()
    assert not granted.fifo
    assert "SCHED_FIFO: Operation not permitted" in granted.refused
    assert slack == 1


@linux
def test_pinned_is_to_the_last_core_of_those_allowed():
    before = os.sched_getaffinity(0)
    granted, _, allowed, _ = in_thread(pin=True)
    if len(before) > 1:
        assert allowed == {granted.core} == {max(before)}
    else:
        assert granted.core is None
        assert "one core: there is no other" in granted.refused
    assert os.sched_getaffinity(0) == before


@linux
def test_the_only_core_is_not_pinned(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    granted = in_thread(pin=True)[0]
    assert granted.core is None
    assert "one core: there is no other" in granted.refused


@linux
def test_without_pin_every_core_stays_allowed():
    granted, _, allowed, _ = in_thread(pin=False)
    assert granted.core is None
    assert allowed == os.sched_getaffinity(0)
    assert not any(why.startswith("one core") for why in granted.refused)


@linux
def test_memory_is_locked_as_it_is_touched_and_let_go():
    with locked_memory() as locked:
        assert locked == (not lock_refusal())
        assert in_thread()[0].locked == locked
        before = resident_bytes()
        mapped = np.empty(1 << 27, np.uint8)
        assert resident_bytes() - before < 1 << 25
        mapped[: 1 << 26] = 1
        assert resident_bytes() - before > 1 << 25
    assert realtime._locked_bytes() == 0


@linux
def test_a_finite_limit_is_a_refusal(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (8_000_000, 8_000_000))
    monkeypatch.setattr(realtime, "_status", lambda *_: 0)
    assert lock_refusal() == "memory locking: limited to 8 MB (RLIMIT_MEMLOCK)"
    with locked_memory() as locked:
        assert not locked
        assert lock_refusal() in in_thread()[0].refused


@linux
def test_no_limit_or_the_capability_is_enough(monkeypatch):
    monkeypatch.setattr(realtime, "_status", lambda *_: 0)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert lock_refusal() == ""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, 0))
    monkeypatch.setattr(realtime, "_status", lambda *_: 1 << 14)
    assert lock_refusal() == ""


def test_elsewhere_all_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    granted = ask(7)
    assert (granted.fifo, granted.locked, granted.core) == (False, False, None)
    assert granted.refused == ("SCHED_FIFO: needs Linux", "memory locking: needs Linux")
    with locked_memory() as locked:
        assert not locked


@linux
def test_ordinary_threads_go_first_for_as_long_as_a_run_lasts():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with realtime.favoured(), ThreadPoolExecutor(1) as thread:
        during = os.getpriority(os.PRIO_PROCESS, 0)
        started = thread.submit(os.getpriority, os.PRIO_PROCESS, 0).result()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, before - 1)
    except OSError:
        assert during == before
    else:
        os.setpriority(os.PRIO_PROCESS, 0, before)
        assert during == started == -15
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
