"""The network of ``loop.toml``."""

from neuroloop.core.errors import ConfigError
from neuroloop.network import Input, Network, Population, Projection, fixed_out_degree

UNITS, FAN_OUT, GROUP = 256, 100, 10
_EVENTS_A_MS, _TAU_MS = 64, 20.0


def touched(neurons: int = 1000) -> Network:
    """Wire ``neurons`` LIF cells, each event reaching 100 of them, to two groups of ten.

    A cell's mean drive is 1.2 times its threshold, whatever their number.
    """
    if neurons < FAN_OUT:
        raise ConfigError(f"neurons = {neurons}: {FAN_OUT} or more are wanted")
    weight = 1.2 * neurons / (_EVENTS_A_MS * FAN_OUT * _TAU_MS)
    return Network(
        inputs=(Input("touch", UNITS),),
        populations=(
            Population("cells", neurons, "lif", {"tau_m_ms": _TAU_MS}),
            Population("motor", 2 * GROUP, "lif", {"tau_m_ms": _TAU_MS}),
        ),
        projections=(
            Projection("touch", "cells", fixed_out_degree(UNITS, neurons, FAN_OUT, weight, 1)),
            Projection("cells", "motor", fixed_out_degree(neurons, 2 * GROUP, 2, 0.02, 2)),
        ),
    )
