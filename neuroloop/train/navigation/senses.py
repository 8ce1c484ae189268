"""What the network is told: intensities of the input units, the same maths as the encoders'.

=========  =====  ============================================================================
port       units  intensity
=========  =====  ============================================================================
near       36     ``clip(0.35 m / d)`` of the nearest beam d of a sector of 10 degrees
far        36     ``clip((far - d) / (far - near))`` of the sector's median beam, 0.3 to 5 m
heading    24     ``exp(4 (cos(bearing - preferred) - 1))``
distance   3      ``exp(-d / s)`` of the goal's distance, s = 0.7, 2 and 6 m
speed      4      ``clip(v / 0.5)``, ``clip(w / 2.0)``, and the same of -v and -w
=========  =====  ============================================================================
"""

import math

import numpy as np

from neuroloop.core.kernel import kernel

SECTORS = 36
NEAR_M = 0.35
FAR_FROM_M, FAR_TO_M = 0.3, 5.0
HEADINGS, KAPPA = 24, 4.0
DISTANCES_M = (0.7, 2.0, 6.0)
FORWARD_MPS, TURN_RPS = 0.5, 2.0
PORTS = {
    "near": SECTORS,
    "far": SECTORS,
    "heading": HEADINGS,
    "distance": len(DISTANCES_M),
    "speed": 4,
}
UNITS = sum(PORTS.values())
PREFERRED = (math.pi - (np.arange(HEADINGS) + 0.5) * 2 * math.pi / HEADINGS).astype(np.float32)
_SCALE = np.array(DISTANCES_M)


def _mirrored() -> tuple[np.ndarray, ...]:
    sectors, headings = np.arange(SECTORS)[::-1], np.arange(HEADINGS)[::-1]
    return sectors, sectors, headings, np.arange(len(DISTANCES_M)), np.array([0, 3, 2, 1])


MIRROR = np.concatenate(
    [
        part + start
        for part, start in zip(_mirrored(), np.cumsum([0, *PORTS.values()]), strict=False)
    ]
)
"""where each unit's intensity is found when left and right are exchanged"""


@kernel
def sense(metres, goal_rad, goal_m, forward, turning, intensity):
    """Set ``float32[UNITS]`` from a scan from left to right and the rest.

    A sector without a measurement keeps its intensities; +inf is far.
    """
    beams = metres.shape[0] // SECTORS
    kept = np.empty(beams, np.float32)
    for s in range(SECTORS):
        count = 0
        for b in range(s * beams, (s + 1) * beams):
            r = metres[b]
            if not math.isnan(r):
                k = count
                while k > 0 and kept[k - 1] > r:
                    kept[k] = kept[k - 1]
                    k -= 1
                kept[k] = r
                count += 1
        if count == 0:
            continue
        intensity[s] = min(NEAR_M / max(kept[0], 0.01), 1.0)
        middle = kept[count // 2] if count % 2 else 0.5 * (kept[count // 2 - 1] + kept[count // 2])
        closeness = (FAR_TO_M - middle) / (FAR_TO_M - FAR_FROM_M)
        intensity[SECTORS + s] = min(max(closeness, 0.0), 1.0)
    at = 2 * SECTORS
    for k in range(HEADINGS):
        intensity[at + k] = math.exp(KAPPA * (math.cos(goal_rad - PREFERRED[k]) - 1.0))
    at += HEADINGS
    for k in range(_SCALE.shape[0]):
        intensity[at + k] = math.exp(-goal_m / _SCALE[k])
    at += _SCALE.shape[0]
    v, w = forward / FORWARD_MPS, turning / TURN_RPS
    intensity[at] = min(max(v, 0.0), 1.0)
    intensity[at + 1] = min(max(w, 0.0), 1.0)
    intensity[at + 2] = min(max(-v, 0.0), 1.0)
    intensity[at + 3] = min(max(-w, 0.0), 1.0)
