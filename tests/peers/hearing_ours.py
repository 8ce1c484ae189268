"""neuroloop's cochlea in the comparison: filters, compression, fibres."""

import numpy as np
from hearing_sound import CHANNELS, HIGH_HZ, LOW_HZ, RATE_HZ, sound, timed

from neuroloop.core.ports import Site
from neuroloop.core.values import Sound, SourceSpec
from neuroloop.encode import cochlea


def main():
    """Hear the sound in blocks of several lengths."""
    samples = sound().astype(np.float32)[:, None]
    for block_ms, more in ((10, {}), (100, {}), (1000, {}), (100, {"onsets": True})):
        n = block_ms * RATE_HZ // 1000
        spec = SourceSpec("sound", Sound, (n, 1), RATE_HZ / n)
        config = cochlea.Config("sound", channels=CHANNELS, low_hz=LOW_HZ, high_hz=HIGH_HZ, **more)

        def hear(n=n, spec=spec, config=config):
            ear = cochlea.build(config, Site("ear", 0, 1000, source=spec))
            spikes = 0
            for start in range(0, len(samples), n):
                block = samples[start : start + n]
                t_us = (start + len(block) - 1) * 1_000_000 // RATE_HZ
                spikes += len(ear.transduce(Sound(t_us, block, float(RATE_HZ))).unit)
            return spikes

        timed(f"neuroloop: spikes{' and onsets' if more else ''}, blocks of {block_ms} ms", hear)


if __name__ == "__main__":
    main()
