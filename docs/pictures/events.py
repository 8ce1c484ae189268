"""Draw `events.png` of `docs/event_cameras.md`: a recording, as it is and as a filter leaves it.

    python docs/pictures/events.py RECORDING [START_MS]

The page's own is `tests/data/evt2.raw` of aestream/faery.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

from neuroloop.core.ports import Site
from neuroloop.core.values import SourceSpec, Spikes
from neuroloop.encode import event_filter
from sensors import event_camera

mpl.use("Agg")
import matplotlib.pyplot as plt

SHOWN_US = 10_000
GREY, LIGHT, DARK = 0.82, 1.0, 0.1


def filtered(spikes: Spikes, width: int, height: int) -> Spikes:
    """Return what the filter of the page leaves."""
    spec = SourceSpec("eyes", Spikes, (2 * width * height,), 0.0)
    config = event_filter.Config(
        "eyes", width, refractory_us=1000, background_us=5000, background_support=2
    )
    return event_filter.build(config, Site("filter", 0, 1000, source=spec)).transduce(spikes)


def picture(spikes: Spikes, width: int, height: int) -> np.ndarray:
    """Return ``float64[height, width]``: light where ON came last, dark where OFF did."""
    grey = np.full(width * height, GREY)
    on = spikes.unit < width * height
    grey[spikes.unit % (width * height)] = np.where(on, LIGHT, DARK)
    return grey.reshape(height, width)


def main() -> None:
    """Draw."""
    recording = event_camera.open(sys.argv[1])
    width, height = recording.width, recording.height
    events = recording.read()
    start_us = events.t_us[0] + 1000 * int(sys.argv[2] if len(sys.argv) > 2 else 40)
    shown = slice(*np.searchsorted(events.t_us, [start_us, start_us + SHOWN_US]))
    every = events.spikes(width, height)
    left = filtered(every, width, height)
    kept = slice(*np.searchsorted(left.t_us, [start_us, start_us + SHOWN_US]))
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    parts = (Spikes(every.t_us[shown], every.unit[shown]), Spikes(left.t_us[kept], left.unit[kept]))
    for axis, part, what in zip(axes, parts, ("as recorded", "filtered"), strict=True):
        axis.imshow(picture(part, width, height), cmap="gray", vmin=0, vmax=1)
        axis.set_title(f"{what}: {len(part.unit):,} events in {SHOWN_US // 1000} ms", fontsize=10)
        axis.set_axis_off()
    path = Path(__file__).with_name("events.png")
    figure.savefig(path, dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    main()
