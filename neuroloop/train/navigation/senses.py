"""What the network is told: intensities of the input units, by the same maths as the encoders.

=========  =====  ============================================================================
port       units  intensity
=========  =====  ============================================================================
near       36     ``clip(0.35 m / d)`` of the nearest beam d of a sector of 10 degrees
far        72     ``clip((5 m - d) / 4.7 m)`` of the median beam d of a sector of 5 degrees
heading    24     ``exp((cos(bearing - preferred) - 1) / w^2)``, w = 0.5
distance   6      ``exp(-(d - preferred)^2 / 2 w^2)`` of the goal's, 0 to 6 m, w = 1 m
speed      4      ``clip(v / 0.5 m/s)``, ``clip(w / 2 rad/s)``, and the same of -v and -w
=========  =====  ============================================================================
"""

import math

import numpy as np

from neuroloop.core.kernel import kernel

NEAR_SECTORS, NEAR_M = 36, 0.35
FAR_SECTORS, FAR_FROM_M, FAR_TO_M = 72, 0.3, 5.0
HEADINGS, HEADING_WIDTH = 24, 0.5
DISTANCES, DISTANCE_WIDTH_M, DISTANCE_TO_M = 6, 1.0, 6.0
FORWARD_MPS, TURN_RPS = 0.5, 2.0
PORTS = {
    "near": NEAR_SECTORS,
    "far": FAR_SECTORS,
    "heading": HEADINGS,
    "distance": DISTANCES,
    "speed": 4,
}
UNITS = sum(PORTS.values())
PREFERRED_RAD = (math.pi * (1.0 - (2 * np.arange(HEADINGS) + 1) / HEADINGS)).astype(np.float32)
PREFERRED_M = ((np.arange(DISTANCES) + 0.5) / DISTANCES * DISTANCE_TO_M).astype(np.float32)


def _mirror() -> np.ndarray:
    """Return where each unit's intensity is found when left and right are exchanged."""
    order = {name: np.arange(n) for name, n in PORTS.items()}
    for name in ("near", "far", "heading"):
        order[name] = order[name][::-1]
    order["speed"] = np.array([0, 3, 2, 1])
    ends = np.cumsum([0, *PORTS.values()])
    return np.concatenate([part + end for part, end in zip(order.values(), ends, strict=False)])


MIRROR = _mirror()


@kernel
def sorted_beams(metres, kept):
    """Copy the measurements of a sector to ``kept``, nearest first; returns how many there are."""
    count = 0
    for r in metres:
        if not math.isnan(r):
            k = count
            while k > 0 and kept[k - 1] > r:
                kept[k] = kept[k - 1]
                k -= 1
            kept[k] = r
            count += 1
    return count


@kernel
def sense(metres, goal_rad, goal_m, forward, turning, intensity):
    """Set ``float32[UNITS]`` from a scan from left to right and the rest.

    A sector without a measurement keeps its intensities; +inf is far.
    """
    beams = metres.shape[0]
    kept = np.empty(beams)
    for s in range(NEAR_SECTORS):
        part = metres[s * beams // NEAR_SECTORS : (s + 1) * beams // NEAR_SECTORS]
        if sorted_beams(part, kept):
            intensity[s] = min(NEAR_M / max(kept[0], 1e-6), 1.0)
    at = NEAR_SECTORS
    for s in range(FAR_SECTORS):
        part = metres[s * beams // FAR_SECTORS : (s + 1) * beams // FAR_SECTORS]
        count = sorted_beams(part, kept)
        if count:
            close = (FAR_TO_M - kept[count // 2]) / (FAR_TO_M - FAR_FROM_M)
            intensity[at + s] = min(max(close, 0.0), 1.0)
    at += FAR_SECTORS
    for k in range(HEADINGS):
        gap = math.cos(goal_rad - PREFERRED_RAD[k]) - 1.0
        intensity[at + k] = math.exp(gap / HEADING_WIDTH**2)
    at += HEADINGS
    for k in range(DISTANCES):
        gap = (goal_m - PREFERRED_M[k]) / DISTANCE_WIDTH_M
        intensity[at + k] = math.exp(-0.5 * gap * gap)
    at += DISTANCES
    v, w = forward / FORWARD_MPS, turning / TURN_RPS
    intensity[at] = min(max(v, 0.0), 1.0)
    intensity[at + 1] = min(max(w, 0.0), 1.0)
    intensity[at + 2] = min(max(-v, 0.0), 1.0)
    intensity[at + 3] = min(max(-w, 0.0), 1.0)
