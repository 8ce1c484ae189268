"""Delays that Loihi can have."""

from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Bundle

MOST = 64
"""a tick to the next neuron, and up to 63 of the synapse"""


def check_delays(bundle: Bundle) -> None:
    """Refuse delays that the chip cannot have: 1 to 64 ticks.

    Raises
    ------
    ConfigError
        Where one is shorter or longer.
    """
    if not len(bundle.delay):
        return
    least, longest = int(bundle.delay.min()), int(bundle.delay.max())
    if least < 1:
        raise ConfigError(
            "a delay of 0: on Loihi a spike reaches its target one tick later at the earliest;"
            f" delay_ms of at least {bundle.dt_ms:g} is wanted"
        )
    if longest > MOST:
        raise ConfigError(
            f"a delay of {longest} ticks: Loihi has 6 bits for it, so that {MOST} are the most;"
            f" delay_ms of at most {MOST * bundle.dt_ms:g}, or a population that passes spikes on"
        )
