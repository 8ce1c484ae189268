"""The network takes too long, or is no longer made of numbers."""

from neuroloop.core.errors import Exit
from neuroloop.drill.drill import Drill
from neuroloop.drill.plays import Stops, pulled


def _fused(what: str) -> tuple[str, ...]:
    """Return what adds a fuse to the network, lit by a button."""
    return (
        'sensor.spark={kind="neuroloop.drill.parts.button", latency_ms=5, '
        'trigger="{folder}/trigger"}',
        'encoder.spark={kind="rate", input="spark", scale=[1.0], max_rate_hz=1000}',
        f"engine.network_options={{fuse={what!r}}}",
    )


DRILLS = (
    Drill(
        "engine-overrun",
        "a tick takes 400 ms",
        "stops; moves again when armed",
        "ticks skipped for too long",
        Stops(pulled("press"), lasts_s=0.8),
        _fused("spin"),
    ),
    Drill(
        "network-nan",
        "a neuron's state becomes NaN",
        "stops; the run ends and names the neuron",
        'population "fuse": fuse.v of neuron 0 is nan',
        Stops(pulled("press"), exit_code=Exit.PART_FAILED),
        _fused("nan"),
    ),
)
