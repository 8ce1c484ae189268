"""In real time: the tick on its own thread, all else in threads and processes beside it."""

import logging
import sys
import time
from contextlib import nullcontext
from typing import Annotated, Literal

from msgspec import Meta, Struct

from neuroloop.core.errors import ConfigError, MachineError, PartError
from neuroloop.core.ports import Site
from neuroloop.core.safety import Order
from neuroloop.runtime import realtime
from neuroloop.runtime.live import latencies
from neuroloop.runtime.live.crew import Crew
from neuroloop.runtime.live.facts import LiveFacts
from neuroloop.runtime.live.live import Live
from neuroloop.runtime.live.thread import LiveTick
from neuroloop.runtime.loop import Loop

_SPIN_US = 100
_PUMP_S = 1e-3
_LOOK_NS = 10_000_000
"""how often hosts and threads are looked after"""
_GONE_NS = 500_000_000


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[clock]`` with ``kind = "wall"``."""

    dt_us: Annotated[int, Meta(ge=50, le=1_000_000)] = 1000
    spin_us: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """how long before its deadline the tick stops sleeping and watches the clock; without it 100,
    or a quarter of a short tick"""
    on_miss: Literal["skip", "degrade"] = "skip"
    """where the network takes longer than a tick: deadlines are skipped, or, where that happens
    again and again, the ``cheaper`` network takes over"""
    cheaper: str | None = None
    """another network for the same sensors and decoders"""
    pin: bool = False
    """keep the tick on one core"""
    lock_memory: bool = True
    """keep the memory of the process from being paged out, where that is permitted"""


class WallClock:
    """Makes the ticks of live runs."""

    def __init__(self, config: Config) -> None:
        self.dt_us = config.dt_us
        self._config = config
        given = config.spin_us
        self._spin_us = min(_SPIN_US, config.dt_us // 4) if given is None else given
        self.facts: LiveFacts | None = None
        """of the last run"""

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended, and stop its actuators however it ends."""
        live = loop.live or Live()
        cheaper = self._config.cheaper if self._config.on_miss == "degrade" else None
        stage, swap = live.first_stage(loop, cheaper)
        tick = LiveTick(loop, stage, spin_us=self._spin_us, room=live.room, pin=self._config.pin)
        if swap is not None:
            tick.may_degrade_to(swap)
        tick.compile()
        live.tick = tick
        locked = realtime.locked_memory() if self._config.lock_memory else nullcontext()
        with realtime.favoured(), locked:
            try:
                self._run(loop, live, tick)
            finally:
                try:
                    tick.stop()
                finally:
                    loop.stop()
                    self.facts = live.facts()

    def _run(self, loop: Loop, live: Live, tick: LiveTick) -> None:
        start_ns = tick.begin(loop.next_index)
        for host in live.hosts:
            host.begin(start_ns, loop.next_index * loop.dt_us)
        with Crew(loop, live, tick) as crew:
            latencies.settle(loop, live, crew)
            tick.start()
            if loop.episode.most_us is not None:  # from the first tick on
                loop.episode.most_us += (tick.first - loop.next_index) * loop.dt_us
            _serve(loop, live, tick, crew)
            tick.stop()
        crew.show_rest()


def _serve(loop: Loop, live: Live, tick: LiveTick, crew: Crew) -> None:
    """Look after everything until the run is over."""
    next_look_ns = gone_ns = 0
    while True:
        loop.next_index = tick.now_us // loop.dt_us
        if loop.ended():
            return
        now_ns = time.monotonic_ns()
        if not tick.running:  # a state is no number: its motion, which says so, is on its way
            gone_ns = gone_ns or now_ns
            if now_ns - gone_ns > _GONE_NS:
                raise MachineError("the live tick ended by itself")
        if now_ns >= next_look_ns:
            next_look_ns = now_ns + _LOOK_NS
            crew.look()
            _look_at_hosts(loop, live, now_ns)
            if live.degraded():
                live.say("the network was too slow for its tick: the cheaper one took over")
        time.sleep(_PUMP_S)


def _look_at_hosts(loop: Loop, live: Live, now_ns: int) -> None:
    """Tell the guard of processes that died or hang, and of those that are back."""
    for host in live.hosts:
        for change in host.look(now_ns):
            lost = change.what == "lost"
            order = Order.FAULT if lost else Order.CLEAR
            who = f'sensor "{change.name}"' if change.name in host.specs else "the body"
            loop.orders.give(order, who, loop.next_index * loop.dt_us)
            live.say(change.text, level=logging.WARNING if lost else logging.INFO)
        if host.dead:
            raise PartError(host.dead)


def build(config: Config, site: Site) -> WallClock:
    """Make the clock."""
    del site
    if not sys.platform.startswith("linux"):
        raise MachineError('the clock kind "wall" needs Linux; kind = "step" runs here')
    if (config.on_miss == "degrade") != (config.cheaper is not None):
        raise ConfigError('[clock]: `on_miss = "degrade"` and `cheaper` go together')
    return WallClock(config)
