"""As fast as it can, one tick after another, the same to the bit in every run."""

from typing import Annotated

from msgspec import Meta, Struct

from neuroloop.core.ports import Site
from neuroloop.runtime.loop import Loop


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[clock]`` with ``kind = "step"``."""

    dt_us: Annotated[int, Meta(ge=10, le=1_000_000)] = 1000


class StepClock:
    """Makes the ticks of simulations, replays and tests."""

    def __init__(self, dt_us: int) -> None:
        self.dt_us = dt_us
        self.facts = None

    def drive(self, loop: Loop) -> None:
        """Run the loop until it has ended."""
        try:
            while not loop.ended():
                loop.sense(loop.next_index * self.dt_us)
                loop.step()
                loop.move(loop.outcome)
                loop.show(loop.intake.record, loop.outcome)
        finally:
            loop.stop()


def build(config: Config, site: Site) -> StepClock:
    """Make the clock."""
    del site
    return StepClock(config.dt_us)
