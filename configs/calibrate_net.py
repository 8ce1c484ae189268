"""The network of calibrate.toml: two neurons that nothing excites."""

from neuroloop.network import Network, Population


def silent() -> Network:
    """Return a network that wants no motion; what drives a calibration is steering."""
    return Network(populations=(Population("motor", 2, "lif"),))
