"""What decoders of codes refuse, in words."""

from pathlib import Path

import pytest

from neuroloop.config import body
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Site
from neuroloop.decode import burst, delta, latency, phase, population, rank_order

ROVER = body.load("rover", Path(), "here")
SPAN = {"low": [0.0], "high": [1.0]}


@pytest.mark.parametrize(
    ("decoder", "settings", "units", "words"),
    [
        (latency, SPAN, 8, '"motor" has 8 neurons, which do not split into 3 equal groups'),
        (phase, SPAN, 7, "do not split into 2 equal groups"),
        (delta, {**SPAN, "step": [0.1]}, 6, "do not split into 4 equal groups"),
        (burst, {"low": [1.0], "high": [0.0]}, 4, r"high \(0\) must be above low \(1\)"),
        (rank_order, {**SPAN, "low": [0.0] * 3, "window_ticks": 2}, 4, "low has 3 numbers"),
        (population, {"low": [float("nan")]}, 4, "both finite"),
        (delta, {**SPAN, "step": [0.1] * 3}, 8, "step has 3 numbers"),
        (delta, {**SPAN, "step": [0.1], "start": (2.0,)}, 8, "start must be within low and high"),
        (
            phase,
            {"low": [0.0], "high": [1.0], "response": "logarithmic"},
            4,
            r"low \(0\) must be above 0",
        ),
    ],
)
def test_what_cannot_be_is_refused(decoder, settings, units, words):
    config = decoder.Config("motor", **settings)
    with pytest.raises(ConfigError, match=words):
        decoder.build(config, Site("wheels", 0, 1000, body=ROVER, units=units))
