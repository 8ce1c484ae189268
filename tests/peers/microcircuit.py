"""The cortical microcircuit at any size: counts, synapses, weights and compensating currents.

Source: T. C. Potjans and M. Diesmann, "The cell-type specific cortical microcircuit", Cerebral
Cortex 24, 2014; downscaling after S. J. van Albada, M. Helias and M. Diesmann, PLoS Comput. Biol.
11, 2015, as in NEST's own model: fewer neurons and synapses, weights larger by the root, and the
lost mean input as a current.
"""

from dataclasses import dataclass

import numpy as np

NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
DT_MS = 0.1
TAU_M_MS, TAU_SYN_MS, C_M_PF, REFRACTORY_MS = 10.0, 0.5, 250.0, 2.0
V_REST_MV, V_THRESHOLD_MV, V_RESET_MV = -65.0, -50.0, -65.0
DELAY_MS = (1.5, 0.75)
"""of excitatory and inhibitory synapses, mean"""
DELAY_SD, WEIGHT_SD = 0.5, 0.1
"""as a part of the mean"""
BACKGROUND_HZ = 8.0
PSP_MV, G = 0.15, -4.0

_FULL = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
_EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
_V_MEAN = np.array([-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43])
_V_SD = np.array([5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48])
_RATE = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
_PROBABILITY = np.array(  # [target, source]
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
    ]
)


@dataclass(frozen=True, eq=False)
class Microcircuit:
    """The circuit at one scale; arrays are ``[8]`` or ``[target, source]``."""

    sizes: np.ndarray
    synapses: np.ndarray
    weight_pa: np.ndarray
    external_pa: float
    external_hz: np.ndarray
    """of all external inputs of a neuron together"""
    bias_pa: np.ndarray
    v_mean_mv: np.ndarray
    v_sd_mv: np.ndarray

    @property
    def n(self) -> int:
        return int(self.sizes.sum())

    @property
    def first(self) -> np.ndarray:
        """Index of each population's first neuron, and one past the last, ``[9]``."""
        return np.r_[0, np.cumsum(self.sizes)]

    @property
    def targets(self) -> float:
        return float(self.synapses.sum() / self.n)

    def projections(self):
        """Yield ``(target, source)`` of every pair of populations with synapses."""
        yield from zip(*np.nonzero(self.synapses), strict=True)


def scaled(scale: float) -> Microcircuit:
    """Return the circuit with ``scale`` times the neurons and synapses a neuron."""
    full = _FULL.astype(float)
    total = np.log(1 - _PROBABILITY) / np.log(1 - 1 / np.outer(full, full))
    unit = PSP_MV / _psp_mv_a_pa()
    weight = np.tile([unit, G * unit], (8, 4))
    weight[0, 2] *= 2  # layer 4 to layer 2/3
    in_degree = total / full[:, None]
    mean = 1e-3 * TAU_SYN_MS * ((weight * in_degree) @ _RATE + unit * _EXTERNAL * BACKGROUND_HZ)
    return Microcircuit(
        sizes=np.round(full * scale).astype(int),
        synapses=np.round(total * scale**2).astype(int),
        weight_pa=weight / np.sqrt(scale),
        external_pa=unit / np.sqrt(scale),
        external_hz=_EXTERNAL * scale * BACKGROUND_HZ,
        bias_pa=(1 - np.sqrt(scale)) * mean,
        v_mean_mv=_V_MEAN,
        v_sd_mv=_V_SD,
    )


def _psp_mv_a_pa() -> float:
    """Return the peak of the potential that a synaptic current of 1 pA makes."""
    ratio = TAU_M_MS / TAU_SYN_MS
    gap = TAU_SYN_MS - TAU_M_MS
    rise = ratio ** (TAU_M_MS / gap) - ratio ** (TAU_SYN_MS / gap)
    return TAU_M_MS * TAU_SYN_MS / gap * rise / C_M_PF
