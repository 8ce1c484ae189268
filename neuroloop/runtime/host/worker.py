"""The process of a host: ``python -m neuroloop.runtime.host.worker SOCKET PARENT``.

SOCKET is the number of the inherited socket, PARENT the process that started this one.

It ends when it is told to or when its parent is gone; a body then goes on until its own watchdog
has stopped its wheels.
"""

import gc
import logging
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack

import numpy as np

from neuroloop.core import shared
from neuroloop.core.errors import Exit, NeuroloopError, PartError
from neuroloop.core.ring import Ring
from neuroloop.core.shared import store
from neuroloop.core.values import Scalars, SourceSpec
from neuroloop.runtime import realtime
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.host import calls, wire
from neuroloop.runtime.host.assembly import assembled
from neuroloop.runtime.host.body import LiveBody
from neuroloop.runtime.host.line import Line
from neuroloop.runtime.host.memory import HEARTBEAT, Shared
from neuroloop.runtime.host.wire import Begin, Build, Call, Connect, End, Request

_PRIORITY = 40
"""of a body: below the tick and below what serves devices"""
_AFTER_NS = 500_000_000
"""how long a body without a brain goes on after its wheels were stopped"""
_LEAST_PAUSE_NS = 100_000
_COUNTS_NS = 100_000_000
"""how often what sensors counted is told, where it changed"""
_SECOND_NS = 1_000_000_000
_FASTEST_NS, _SLOWEST_NS = 200_000, 20_000_000
_ARRIVAL_NS = 1_000_000
"""how often a sensor is looked at that stamps its readings when they arrive"""
_NOTHING = Scalars(0, np.zeros(1, np.float32))
_PATIENCE_S, _LAST_WORDS_S = 0.1, 1.0


class Worker:
    """One process: does what the host asks, in its order, and lives once it is told to begin."""

    def __init__(self, line: Line[Request], parent: int) -> None:
        self._line, self._parent = line, parent
        self._requests: list[Request] = []
        self._counts: dict[str, dict[str, int]] = {}
        self._counts_ns = 0
        self._ended = False

    @property
    def _alone(self) -> bool:
        return self._line.closed or os.getppid() != self._parent

    def run(self) -> None:
        """Live until the host asks for the end, or until it is gone."""
        build = self._next()
        if not isinstance(build, Build):
            return
        _forward_log(self._line, build.log_level)
        self._shared = Shared(shared.attach(build.memory))
        os.close(build.memory)
        with ExitStack() as stack:
            self._parts = assembled(build, self._shared, stack, self._tell, self._coming)
            self._dt_us = build.dt_us
            self._rehearse()
            built = self._parts.built
            if build.before is not None and not built.same_kind(build.before):
                names = ", ".join(f'"{s.name}"' for s in built.specs)
                raise PartError(f"sensor {names}: its readings are of another type or size now")
            self._line.send(built)
            while (request := self._next()) is not None:
                if isinstance(request, Begin):
                    self._begin(request)
                    self._tell_counts(0)
                    self._line.flush_for(_LAST_WORDS_S)
                    return
                self._serve(request)

    def _rehearse(self) -> None:
        """Do once what will be done later, so that nothing is compiled in the first round."""
        Feed("", 0, _NOTHING.values.nbytes).reading(_NOTHING)
        if self._parts.body is not None:
            self._parts.body.rehearse()
        gc.collect()
        gc.freeze()

    def _tell(self, name: str, well: bool, text: str) -> None:
        self._line.tell(wire.Noticed(name, well, text))

    def _coming(self, part: str) -> None:
        self._line.tell(wire.Building(part))

    def _next(self) -> Request | None:
        """Wait for the next request; none comes any more where the host asked for the end."""
        while not self._requests:
            if self._ended or self._alone:
                return None
            if self._line.flush_for(_PATIENCE_S):
                self._line.wait(_PATIENCE_S)
            self._requests += self._line.receive()
        request = self._requests.pop(0)
        self._ended = isinstance(request, End)
        return None if self._ended else request

    def _tell_counts(self, now_ns: int) -> None:
        """Tell what the sensors counted, where that is other than it was told last."""
        self._counts_ns = now_ns
        for sensor in self._parts.sensors:
            counts = sensor.counts()
            if counts != self._counts.get(sensor.name, {}):
                self._counts[sensor.name] = counts
                self._line.tell(wire.Counted(sensor.name, counts))

    def _serve(self, request: Request, *, begun: bool = False) -> None:
        body, plant = self._parts.body, self._parts.plant
        if isinstance(request, Connect):
            self._connect(request)
        elif isinstance(request, Call):
            answer = calls.answer(request, plant, begun=begun)
            if body is not None:  # who has the answer sees what it changed
                body.show(time.monotonic_ns())
            self._line.send(answer)

    def _connect(self, request: Connect) -> None:
        number = self._line.files.pop()
        memory = shared.attach(number)
        os.close(number)
        feeds = {}
        for r in request.rings:
            ring = Ring(memory[r.start : r.start + r.n_bytes])
            feeds[r.name] = Feed(r.name, r.port, r.message_bytes, ring=ring)
        for sensor in self._parts.sensors:
            at_it = self._parts.transducing(request.encoders, sensor, feeds)
            sensor.connect(feeds[sensor.name], self._dt_us, at_it)
        if self._parts.body is not None:
            self._parts.body.connect(feeds[wire.BODY])
        self._line.send(wire.Connected())

    def _begin(self, begin: Begin) -> None:
        body = self._parts.body
        if body is None:
            with realtime.favoured():
                self._live_as_sensors(begin)
            return
        body.begin(begin.start_ns, begin.at_us, time.monotonic_ns())
        realtime.ask(_PRIORITY, pin=False)
        realtime.lift_children(_PRIORITY)  # a body must not wait for its own physics
        with realtime.locked_memory():
            self._live_as_body(body, begin)

    def _live_as_body(self, body: LiveBody, begin: Begin) -> None:
        """Go round until the end; alone, until the wheels have stood for a while."""
        now_ns = max(time.monotonic_ns(), begin.start_ns + 1000 * begin.at_us)
        self._rest_until(now_ns)
        alone_ns = 0
        while not self._ended:
            now_ns = time.monotonic_ns()
            body.round(now_ns)
            if self._alone:
                alone_ns = alone_ns or now_ns
                if now_ns > max(alone_ns, body.stopped_ns) + _AFTER_NS:
                    return
            pause_ns = time.monotonic_ns() + _LEAST_PAUSE_NS
            self._rest_until(max(body.next_ns(now_ns), pause_ns))

    def _live_as_sensors(self, begin: Begin) -> None:
        """Look at every sensor several times in its period."""
        sensors = self._parts.sensors
        start_us = (time.monotonic_ns() - begin.start_ns) // 1000
        for sensor in sensors:
            sensor.begin(begin.start_ns, max(begin.at_us, start_us))
        period_ns = min(_period_ns(s.spec) for s in sensors)
        while not (self._ended or self._alone):
            now_ns = time.monotonic_ns()
            store(self._shared.words, HEARTBEAT, now_ns)
            for sensor in sensors:
                sensor.poll((now_ns - begin.start_ns) // 1000, now_ns, self._tell)
            self._rest_until(time.monotonic_ns() + period_ns)

    def _rest_until(self, deadline_ns: int) -> None:
        """Serve the host until the next round is due."""
        while True:
            self._serve_all()
            self._line.flush()
            left_s = (deadline_ns - time.monotonic_ns()) / _SECOND_NS
            if self._ended or left_s <= 0:
                return
            if (now_ns := time.monotonic_ns()) > self._counts_ns + _COUNTS_NS:
                self._tell_counts(now_ns)
            if self._line.closed:
                time.sleep(left_s)
                return
            if not self._line.wait(left_s):
                return
            self._requests += self._line.receive()

    def _serve_all(self) -> None:
        while self._requests and not self._ended:
            request = self._requests.pop(0)
            self._ended = isinstance(request, End)
            self._serve(request, begun=True)


def _period_ns(spec: SourceSpec) -> int:
    if spec.stamped_by == "arrival":
        return _ARRIVAL_NS
    quarter = _SECOND_NS / 4 / spec.rate_hz if spec.rate_hz else _FASTEST_NS
    return round(min(max(quarter, _FASTEST_NS), _SLOWEST_NS))


def _forward_log(line: Line[Request], level: int) -> None:
    """Send what parts log to the host, whose log it is."""

    def forward(record: logging.LogRecord) -> bool:
        line.tell(wire.Logged(record.levelno, record.name, record.getMessage()))
        return False

    handler = logging.StreamHandler()
    handler.addFilter(forward)
    logging.basicConfig(level=level, handlers=[handler])


def main(number: int, parent: int) -> int:
    """Run; what went wrong is the last thing the host hears."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line: Line[Request] = Line(socket.socket(fileno=number), Request)
    try:
        Worker(line, parent).run()
    except NeuroloopError as error:
        line.send(wire.failed(error))
        line.flush_for(_LAST_WORDS_S)
        return error.exit_code
    finally:
        line.close()
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
