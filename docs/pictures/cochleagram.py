"""Draw what the cochlea makes of a recording: ``python docs/pictures/cochleagram.py SOUND.wav``.

Writes ``cochleagram.png`` beside this file.  The picture of the guide is of a spoken seven:
recording ``7_jackson_0.wav`` of the Free Spoken Digit Dataset (CC BY-SA 4.0).
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from neuroloop.core.ports import Site
from neuroloop.encode import cochlea
from sensors import sound_file

HERE = Path(__file__).parent
CHANNELS = 48


def heard(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, cochlea.Cochlea]:
    """Return samples, time and unit of each spike, and the ear."""
    with sound_file.build(
        sound_file.Config(path.name), Site("sound", 0, 1000, path.parent)
    ) as sound:
        config = cochlea.Config("sound", channels=CHANNELS, low_hz=100.0, onsets=True)
        ear = cochlea.build(config, Site("ear", 0, 1000, source=sound.spec))
        blocks = sound.read(10**9)
    spikes = [ear.transduce(block) for block in blocks]
    samples = np.concatenate([block.samples[:, 0] for block in blocks])
    t_us = np.concatenate([s.t_us for s in spikes])
    return samples, t_us, np.concatenate([s.unit for s in spikes]), ear


def main() -> None:
    """Draw one recording."""
    samples, t_us, unit, ear = heard(Path(sys.argv[1]).absolute())
    figure, (wave, raster, edges) = plt.subplots(
        3, 1, figsize=(7.5, 6), sharex=True, height_ratios=(1, 3, 3), layout="constrained"
    )
    ms, last_ms = t_us / 1e3, t_us.max() / 1e3
    wave.plot(np.linspace(0, last_ms, len(samples)), samples, lw=0.4, color="0.3")
    wave.set(ylabel="samples", yticks=[])
    style = {"s": 2.0, "linewidths": 0}
    raster.scatter(ms[unit < CHANNELS], unit[unit < CHANNELS], color="black", **style)
    for kind, name, colour in ((1, "onsets", "tab:red"), (2, "offsets", "tab:blue")):
        own = unit // CHANNELS == kind
        edges.scatter(ms[own], unit[own] % CHANNELS, color=colour, label=name, s=4.0, linewidths=0)
    marks = np.arange(0, CHANNELS, 8)
    for axes, what in ((raster, "fibres"), (edges, "changes of loudness")):
        axes.set_yticks(marks, [f"{ear.centre_hz[k]:.0f}" for k in marks])
        axes.set(ylabel=f"{what}, Hz", ylim=(-1, CHANNELS))
    edges.legend(loc="upper right", markerscale=2)
    edges.set(xlabel="ms", xlim=(0, last_ms))
    figure.savefig(HERE / "cochleagram.png", dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main()
