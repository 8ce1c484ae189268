"""A process beside the brain, seen from the brain: what lives in it, and whether it lives."""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from neuroloop.config.runfile import Part, RunFile
from neuroloop.core import shared
from neuroloop.core.errors import PartError
from neuroloop.core.mailbox import Mailbox
from neuroloop.core.message import MESSAGE_BYTES
from neuroloop.core.ring import Ring
from neuroloop.core.shared import load, store
from neuroloop.core.values import SourceSpec
from neuroloop.runtime.host import wire
from neuroloop.runtime.host.child import Child
from neuroloop.runtime.host.memory import AGE_OF, AGE_US, FORGETS, LATENCY_US, PUSHED, Shared
from neuroloop.runtime.host.minder import Change, Minder
from neuroloop.runtime.host.remote import RemotePlant, RemoteRecording, RemoteSource
from neuroloop.runtime.host.wire import BODY, Begin, Build, Built, Called, Connect, RingData

__all__ = ["BODY", "Change", "Host"]

_log = logging.getLogger("neuroloop.host")
_LINE = 64
_START_S, _SAY_AFTER_S, _LOOK_S = 60.0, 5.0, 0.1


class Host:
    """A plant and the sensors that read it, or sensors alone, in a process of their own.

    Parameters
    ----------
    name
        For `Change`, where it is the body that is lost or back.
    dt_us
        Length of the brain's tick.
    black_box
        File in which the body writes down what it heard and did.
    """

    def __init__(
        self,
        name: str,
        run: RunFile,
        dt_us: int,
        *,
        plant: Part | None = None,
        sensors: Sequence[Part] = (),
        black_box: Path | None = None,
    ) -> None:
        self.name = name
        self.specs: Mapping[str, SourceSpec] = {}
        """of its sensors; with a plant also of the body itself, `BODY`"""
        self.plant: RemotePlant | None = None
        self._sensors = [part.name for part in sensors]
        listed = ", ".join(f'"{part.name}"' for part in sensors)
        self._what = "body" if plant else f"sensor{'s' * (len(sensors) > 1)} {listed}"
        self._build = Build(
            path=str(run.path),
            seed=run.run.seed,
            dt_us=dt_us,
            memory=-1,
            plant=None if plant is None else wire.part_data(plant),
            sensors=[wire.part_data(part) for part in sensors],
            black_box=None if black_box is None else str(black_box.absolute()),
            log_level=logging.getLogger("neuroloop").getEffectiveLevel(),
        )
        self._connect: Connect | None = None
        self._begin: Begin | None = None
        self._rings = -1
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the process and wait until its parts are open.

        Raises
        ------
        NeuroloopError
            What one of its parts raised, as it would have been raised here.
        PartError
            Where the process ended, or was not ready within a minute.
        """
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process and wait until it has ended."""
        self._stack.close()

    @property
    def commands(self) -> Mailbox | None:
        """Where whoever moves the body puts commands (`core.command`)."""
        return None if self.plant is None else self._shared.commands

    @property
    def dead(self) -> str:
        """Why the process is gone for good; a body is not started again, its world is lost."""
        return self._minder.dead

    @property
    def pid(self) -> int:
        """The number the system knows the process by, 0 while there is none."""
        return self._minder.child.pid if self._minder.child is not None else 0

    def source(self, name: str) -> RemoteSource:
        """Return a sensor as a source; one of a recording says when it has ended."""
        number = self._sensors.index(name)
        if self._finite[number]:
            return RemoteRecording(self.specs[name], self._shared.sensor(number))
        return RemoteSource(self.specs[name])

    def connect(
        self, ports: Mapping[str, tuple[int, int, int]], encoders: Sequence[Part] = ()
    ) -> Mapping[str, Ring]:
        """Give every sensor, and the body, a ring in shared memory; returns this side's ends.

        Parameters
        ----------
        ports
            By name: port, bytes of the largest payload, and how many messages may wait.
        encoders
            Those that work at its sensors, with rings called ``encoder.NAME``.
        """
        rings, total = [], 0
        for name, (port, message_bytes, messages) in ports.items():
            n_bytes = Ring.bytes_for(MESSAGE_BYTES + message_bytes, messages)
            rings.append(RingData(name, port, message_bytes, total, n_bytes))
            total += -(-n_bytes // _LINE) * _LINE
        self._rings = self._stack.enter_context(shared.anonymous_file(total))
        memory = shared.attach(self._rings)
        self._connect = Connect(rings, [wire.part_data(part) for part in encoders])
        self._send(self._connect, self._rings)
        if encoders and self._minder.child is not None:
            self._wait(self._minder.child, connected=True)
        return {r.name: Ring(memory[r.start : r.start + r.n_bytes]) for r in rings}

    def begin(self, start_ns: int, at_us: int = 0) -> None:
        """Let it live from run time ``at_us`` on; 0 was at ``start_ns`` of the monotonic clock.

        A plant that is not there yet, because the run is resumed without its state, stands still
        up to then.
        """
        self._begin = Begin(start_ns, at_us)
        self._minder.begin(time.monotonic_ns())
        self._send(self._begin)

    def look(self, now_ns: int) -> list[Change]:
        """Return what happened since the last look, and start again what ended; never waits."""
        return self._minder.look(now_ns)

    def ages(self) -> Mapping[str, tuple[int, int]]:
        """Return of each sensor how many readings it pushed, and their largest age in us.

        An age is the time from a reading's stamp until it was in the ring.
        """
        forgets = load(self._shared.words, FORGETS)
        found = {}
        for number, name in enumerate(self._sensors):
            words = self._shared.sensor(number)
            known = load(words, AGE_OF) == forgets
            found[name] = (load(words, PUSHED), load(words, AGE_US) if known else 0)
        return found

    def counts(self, name: str) -> Mapping[str, int]:
        """Return what a sensor counted in all its lives, by what it is in words."""
        return self._minder.counts(name)

    def forget(self) -> None:
        """Let the largest ages be those of readings that come from now on."""
        store(self._shared.words, FORGETS, load(self._shared.words, FORGETS) + 1)

    def due_after(self, name: str, latency_us: int) -> None:
        """Say how long after their stamp the spikes of a sensor are due.

        Its process sends those that are due in one tick together.
        """
        store(self._shared.sensor(self._sensors.index(name)), LATENCY_US, latency_us)

    def _open(self) -> None:
        n_bytes = Shared.bytes_for(len(self._sensors))
        number = self._stack.enter_context(shared.anonymous_file(n_bytes))
        self._shared = Shared(shared.attach(number))
        self._build = msgspec.structs.replace(self._build, memory=number)
        child = self._start()
        self._stack.callback(child.close)
        built = self._wait(child)
        again = self._start_again if self._build.plant is None else None
        names = self._sensors if self._build.plant is None else [self.name]
        self._minder = Minder(names, self._what, child, self._shared.words, again)
        self._stack.callback(self._minder.close)
        self._describe(built)
        self._build = msgspec.structs.replace(self._build, before=built)

    def _start(self) -> Child:
        child = Child(self._build.memory)
        child.send(self._build)
        return child

    def _start_again(self, now_ns: int) -> Child:
        child = self._start()
        if self._connect is not None:
            child.send(self._connect, self._rings)
        if self._begin is not None:
            start_ns = self._begin.start_ns
            child.send(Begin(start_ns, (now_ns - start_ns) // 1000))
        return child

    def _wait(self, child: Child, *, connected: bool = False) -> Built:
        """Wait until all parts are open, or all encoders at the sensors too."""
        start = time.monotonic()
        told = False
        while True:
            running = child.running
            child.hear(_LOOK_S)
            if child.built is not None and (child.connected or not connected):
                return child.built
            if child.failure is not None:
                raise wire.error_of(child.failure)
            if not running:
                raise PartError(f"{self._what}: its process {child.how_it_ended()}")
            waited = time.monotonic() - start
            at = f"at {child.coming}" if child.coming else "not started yet"
            if waited > _START_S:
                raise PartError(
                    f"{self._what}: its process was not ready within {_START_S:g} s, it is {at}"
                )
            if waited > _SAY_AFTER_S and not told:
                told = True
                _log.warning("%s: waiting for its process, it is %s", self._what, at)

    def _describe(self, built: Built) -> None:
        """Take over what the process said of its parts."""
        self._finite = built.finite
        specs = {data.name: wire.spec_of(data) for data in built.specs}
        for number, spec in enumerate(specs.values()):
            store(self._shared.sensor(number), LATENCY_US, spec.latency_us)
        if built.body is not None and built.world is not None:
            specs[BODY] = wire.body_spec(1e6 / built.pace_us)
            self.plant = RemotePlant(built.body, built.world, self._shared, self._ask)
        self.specs = specs

    def _ask(self, what: Called, arguments: Sequence[Any]) -> bytes:
        if self._minder.child is None:
            raise PartError(f"plant: its process is gone and cannot {what}: {self.dead}")
        return self._minder.child.ask(what, arguments)

    def _send(self, message: Connect | Begin, file: int | None = None) -> None:
        if self._minder.child is not None:  # else the next one is told when it starts
            self._minder.child.send(message, file)
