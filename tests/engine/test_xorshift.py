"""The generator of random numbers in the tick."""

import numpy as np
import pytest

from neuroloop.engine import xorshift


def test_the_sequence_is_that_of_the_paper():
    """Its first numbers for the seed and the shifts (13, 17, 5) that the paper gives as example."""
    x, came = np.uint32(2463534242), []
    for _ in range(3):
        x = np.uint32(xorshift.after(x))
        came.append(int(x))
    assert came == [723471715, 2497366906, 2064144800]


@pytest.mark.parametrize(("state", "wanted"), [(1, 2.0**-32), (2**31, 0.5), (2**32 - 1, 1.0)])
def test_a_state_is_a_fraction_of_all_there_are(state, wanted):
    assert xorshift.fraction(np.uint32(state)) == np.float32(wanted)
