"""The chip's format of weights, beside the rule element by element, and what it does not hold."""

import numpy as np
import pytest

from neuroloop.core.errors import ConfigError
from neuroloop.synapses.loihi1._weights import loihi1_weights


def twin(weight, bits, sign):
    m, s = int(sign == "mixed"), -1 if sign == "inhibitory" else 1
    t = max(8 - bits + m, 0)
    weight = s * max(-256 * m, min(255, s * weight))
    return s * ((s * weight >> t) << t)


RANGES = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}


@pytest.mark.parametrize("sign", RANGES)
@pytest.mark.parametrize("bits", range(1, 10))
def test_every_weight_is_cut_as_the_rule_says(sign, bits):
    low, high = RANGES[sign]
    every = np.arange(low, high + 1)

    for exponent in (-7, 0, 3):
        found = loihi1_weights(every.astype(np.float32), bits, sign, exponent, "here")
        assert found.dtype == np.int32
        wanted = [twin(w, bits, sign) << max(exponent, 0) for w in every.tolist()]
        assert found.tolist() == wanted
        assert loihi1_weights(every, bits, "auto", exponent, "here").tolist() == wanted


def test_sign_is_taken_from_the_weights():
    assert loihi1_weights([3, 5], 8, "auto", 0, "here").tolist() == [3, 5]
    assert loihi1_weights([-3, -5], 8, "auto", 0, "here").tolist() == [-3, -5]
    assert loihi1_weights([-3, 5], 8, "auto", 0, "here").tolist() == [-4, 4]
    assert loihi1_weights([], 8, "auto", 0, "here").tolist() == []
    assert loihi1_weights([[0, 0]], 1, "auto", 0, "here").tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("weight", "sign", "said"),
    [
        ([1, 0.5], "auto", "here: a weight of 0.5; Loihi 1 has whole numbers"),
        ([-1, 300], "auto", r"here: a weight of 300; mixed weights are -256 to 255.*2\*\*e"),
        ([1, -2], "excitatory", "here: a weight of -2; excitatory weights are 0 to 255"),
        ([-256], "auto", "here: a weight of -256; inhibitory weights are -255 to 0"),
    ],
)
def test_weight_beyond_the_format_is_refused(weight, sign, said):
    with pytest.raises(ConfigError, match=said):
        loihi1_weights(weight, 8, sign, 0, "here")


def test_bits_that_leave_no_weight_are_refused():
    with pytest.raises(ConfigError, match=r"every weight becomes 0: with 2 bits.* is 64.* is 63"):
        loihi1_weights([3, 63], 2, "auto", 0, "here")
