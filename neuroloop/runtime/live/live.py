"""A run by the wall clock, for whoever reaches into it while it runs: swap, save, what was said."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from neuroloop.config import resolve
from neuroloop.config.runfile import RunFile
from neuroloop.core.errors import ConfigError
from neuroloop.core.values import SourceSpec
from neuroloop.runtime.host.host import Host
from neuroloop.runtime.layout import Layout
from neuroloop.runtime.live.facts import Latency, LiveFacts
from neuroloop.runtime.live.stage import Stage, Swap, swap

if TYPE_CHECKING:
    from neuroloop.runtime.live.thread import LiveTick
    from neuroloop.runtime.loop import Loop

_log = logging.getLogger("neuroloop.live")
_KEPT = 1000


class Live:
    """What only a live run has; its tick is there from its start to its end."""

    def __init__(
        self,
        run: RunFile | None = None,
        hosts: Sequence[Host] = (),
        again: Callable[[RunFile], Layout] | None = None,
        specs: dict[str, SourceSpec] | None = None,
    ) -> None:
        self.run = run
        self.specs = {} if specs is None else specs
        """of the sensors, with the latencies that were measured; `again` lays out for these"""
        self.hosts = hosts
        self.again = again
        """lays a program out for the parts of this run"""
        self.tick: LiveTick | None = None
        self.latencies: Mapping[str, Latency] = {}
        self.shown = 0
        """ticks that the onlookers saw"""
        self._said: list[str] = []
        self._swapping = threading.Lock()
        self._loop: Loop | None = None
        self._numbers = 0
        self._room = 0

    def first_stage(self, loop: "Loop", cheaper: str | None) -> tuple[Stage, Swap | None]:
        """Make the stage of the network that runs first, and of the cheaper one if there is one."""
        self._loop = loop
        record = len(loop.intake.record)
        stage = Stage(loop.program, 0, record)
        self._room = stage.message_bytes(record)
        if cheaper is None:
            return stage, None
        other = self._stage(cheaper, None)
        self._room = max(self._room, other.message_bytes(record))
        return stage, swap(loop.program, other)

    @property
    def room(self) -> int:
        """Most that one tick tells its onlookers."""
        return self._room

    def say(self, text: str, *, level: int = logging.WARNING) -> None:
        """Log what happened, and keep it for the report."""
        now = self.tick.now_us / 1e6 if self.tick else 0.0
        _log.log(level, "%s", text)
        if len(self._said) < _KEPT:
            self._said.append(f"{now:.2f} s: {text}")

    def swap(self, network: str, backend: str | None = None) -> str:
        """Let another network run from the next tick on; returns what happened, in words.

        Raises
        ------
        ConfigError
            Where it does not fit the sensors and decoders of this run; nothing has changed then.
        """
        with self._swapping:
            tick, loop = self._running()
            stage = self._stage(network, backend)
            if stage.message_bytes(len(loop.intake.record)) > self._room:
                raise ConfigError(
                    f"{network}: a tick of it tells more than this run has room for; start a run "
                    "with it"
                )
            request = swap(tick.stage.program, stage)
            tick.swap(request)
            self.noticed()
        left = f"; these begin anew: {', '.join(request.left)}" if request.left else ""
        text = f"the network is {network} from tick {tick.index}, {request.n_bytes:,} bytes carried"
        self.say(text + left, level=logging.INFO)
        return text + left

    def save(self, path: str) -> str:
        """Write the state of the network between two ticks to a file; returns what was done."""
        from neuroloop.runtime import saved

        with self._swapping:
            tick, loop = self._running()
            before = tick.missed
            copy, index = tick.copied(loop.program.arena)
            missed = tick.missed - before
            saved.save(loop, Path(path), copy=(copy, index))
        text = f"state of tick {index} saved in {path}, {len(copy):,} bytes"
        if missed:
            text += f"; the copy cost {missed} deadlines"
        self.say(text, level=logging.INFO)
        return text

    def noticed(self) -> None:
        """Take note of the network that the tick runs by now."""
        tick, loop = self.tick, self._loop
        if tick is None or loop is None or tick.stage.program is loop.program:
            return
        loop.program = tick.stage.program

    def degraded(self) -> bool:
        """Whether the tick took the cheaper network since this was asked last."""
        tick, loop = self.tick, self._loop
        if tick is None or loop is None or self._swapping.locked():
            return False
        if tick.stage.program is loop.program:
            return False
        self.noticed()
        return True

    def facts(self) -> LiveFacts:
        """Sum up."""
        tick, _ = self._running()
        return LiveFacts(
            granted=tick.granted,
            ticks=int(tick.late.sum()),
            missed=tick.missed,
            misses=tick.misses(),
            late=tick.late.copy(),
            unseen=int(tick.late.sum()) - self.shown,
            latencies=self.latencies,
            said=tuple(self._said),
        )

    def _running(self) -> "tuple[LiveTick, Loop]":
        if self.tick is None or self._loop is None:
            raise ConfigError("the run has not begun")
        return self.tick, self._loop

    def _stage(self, network: str, backend: str | None) -> Stage:
        """Lay another network out for the parts of this run."""
        loop, run = self._loop, self.run
        if loop is None or run is None or self.again is None:
            raise ConfigError("this run has no run file, so there is nothing to swap")
        engine = run.engine
        if backend is not None:
            module = resolve.module("engine", backend, run.folder, f"{run.path}: [engine]")
            engine = replace(engine, kind=backend, module=module, config=module.Config())
        wiring = msgspec.structs.replace(run.wiring, network=network)
        layout = self.again(replace(run, engine=engine, wiring=wiring))
        self._numbers += 1
        return Stage(layout.program, self._numbers, len(loop.intake.record))
