"""Fit a network to a chip, and refuse one that does not fit."""

from collections.abc import Callable

from neuroloop.chips.fit import dynapcnn, manycore, xylo
from neuroloop.chips.fit.found import Fit
from neuroloop.chips.profile import Profile
from neuroloop.chips.quantised import Quantised
from neuroloop.core.errors import ConfigError

RATE_HZ = 10.0
"""of every input and neuron, where nothing is said"""
_SHOWN = 4
"""misfits that a refusal names"""


def fit(
    quantised: Quantised,
    profile: Profile,
    dt_us: int = 1000,
    rate_hz: float = RATE_HZ,
    say: Callable[[str], None] = lambda _: None,
) -> Fit:
    """Say how a network lies on a chip, what does not fit, and what would make it fit.

    The result depends on the network alone: the same network is placed in the same way.

    Parameters
    ----------
    quantised
        The network in the chip's kinds.
    profile
        The chip.
    dt_us
        Length of a tick in microseconds: delays are whole ticks.
    rate_hz
        At which every input and neuron fires, for the time of a tick.
    say
        Is called with what is being done, before what may take a while.

    Raises
    ------
    ConfigError
        Where a delay is not a whole number of ticks, or no neuron can fire at such a rate.
    """
    most_hz = 1e6 / dt_us
    if not 0.0 <= rate_hz <= most_hz:
        raise ConfigError(
            f"a rate of {rate_hz:g} Hz; 0 to {most_hz:g}, one spike in a tick of {dt_us} us, is"
            " wanted"
        )
    if "kernel_words" in profile.limits:
        return dynapcnn.fit(quantised, profile, dt_us, rate_hz)
    if "chip_hidden" in profile.limits:
        return xylo.fit(quantised, profile, dt_us, rate_hz)
    return manycore.fit(quantised, profile, dt_us, rate_hz, say)


def refuse(quantised: Quantised, profile: Profile, dt_us: int = 1000) -> list[str]:
    """Refuse a network that does not fit a chip; else say in a line or two how full it is.

    Raises
    ------
    ConfigError
        Names the populations, what is too much, by how much, and what would make it fit.
    """
    found = fit(quantised, profile, dt_us)
    if found.misfits:
        named = [str(misfit) for misfit in found.misfits[:_SHOWN]]
        more = len(found.misfits) - _SHOWN
        named += [f"and {more} more; `neuroloop fit` names all"] if more > 0 else []
        between = "\n  " if len(named) > 1 else " "
        raise ConfigError(between.join([f"the network does not fit {found.title}:", *named]))
    return [found.line(), *found.unknown]
