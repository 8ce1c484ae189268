"""What does not fit is named with a number, and what is said to help does help."""

import re

import msgspec
import numpy as np
import pytest

from neuroloop.chips import profile
from neuroloop.chips.fit import fit, refuse
from neuroloop.chips.quantised import Quantised
from neuroloop.core.errors import ConfigError
from neuroloop.network import Connections, Input, Network, Population, Projection
from neuroloop.report.fit import as_json, as_text

LOIHI = profile.load("loihi1")
CELL = {"du": 100, "dv": 10, "vth": 50}


def cells(name, n, kind="loihi1.cuba"):
    return Population(name, n, kind, CELL)


def full(source, target, delay=1.0, **params):
    """Connect all with all, without the memory that weights one by one would take."""
    (a, n), (b, m) = source, target
    start = np.arange(n + 1, dtype=np.int64) * m
    post = np.tile(np.arange(m, dtype=np.uint32), n)
    wired = Connections(start, post, np.broadcast_to(np.float32(3), (n * m,)))
    return Projection(a, b, wired, delay, kind="loihi1.synapses", params=params)


def found(network, chip=LOIHI, **more):
    return fit(Quantised(chip.name, network, {}), chip, **more)


def deep(bits=8, delay=1.0, n=700):
    """Two layers: 490,000 synapses each."""
    layers = [cells(name, n) for name in "ab"]
    wires = [
        full(("a", n), ("b", n), delay, bits=bits),
        full(("b", n), ("a", n), delay, bits=bits),
    ]
    return Network((), tuple(layers), tuple(wires))


def test_too_many_sources_of_one_neuron():
    network = Network((Input("eye", 9000),), (cells("v1", 3),), (full(("eye", 9000), ("v1", 3)),))
    (misfit,) = found(network).misfits
    assert (misfit.where, misfit.use.used, misfit.use.most) == ("v1", 9000, 4096)
    assert "neuron 0 alone needs 9,000 of input axons; a core has 4,096" in str(misfit)
    assert "put 3 neurons in between, each of which hears 3,000" in str(misfit)
    smaller = Network((Input("eye", 4096),), (cells("v1", 3),), (full(("eye", 4096), ("v1", 3)),))
    assert found(smaller).fits


def test_more_cores_than_there_are_and_what_fewer_bits_come_to():
    small = msgspec.structs.replace(LOIHI, cores=profile.Limit(8, "an eighth of a chip's row"))
    network = deep(delay=9.0)
    result = found(network, small)
    (misfit,) = result.misfits
    assert misfit.use.what == "chip_cores"
    assert misfit.use.used == len(result.cores) > 8 == misfit.use.most
    assert f"{misfit.use.used - 8:,} more than Loihi 1 has" in misfit.why
    said = dict(
        re.findall(r"with (weights of \d bits|the shortest delays): ([\d,]+) cores", str(misfit))
    )
    assert "the shortest delays" in said
    for words, cores in said.items():
        bits = re.findall(r"\d", words)
        tried = deep(bits=int(bits[0]), delay=9.0) if bits else deep()
        assert len(found(tried, small).cores) == int(cores)
    last = [words for words in said if "bits" in words][-1]
    fits = int(said[last]) <= 8
    assert (f"with {last}: {said[last]} cores, which fit" in str(misfit)) == fits
    assert f"{-(-misfit.use.used // 8)} chips have enough cores" in misfit.remedies


def test_a_delay_that_is_too_long():
    network = Network((Input("in", 2),), (cells("a", 2),), (full(("in", 2), ("a", 2), 65.0),))
    (misfit,) = found(network).misfits
    assert "projection in-a: a delay of 65 ticks; 64 are the most" in str(misfit)
    assert "delays of at most 64 ms" in str(misfit)
    slower = Network((Input("in", 2),), (cells("a", 2),), (full(("in", 2), ("a", 2), 64.0),))
    assert found(slower).fits


def test_refusal_says_what_the_report_says():
    network = Network((Input("eye", 9000),), (cells("v1", 3),), (full(("eye", 9000), ("v1", 3)),))
    with pytest.raises(ConfigError) as error:
        refuse(Quantised("loihi1", network, {}), LOIHI)
    result = found(network)
    for misfit in result.misfits:
        assert str(misfit) in str(error.value)
        assert misfit.why in as_text(result)
    assert not as_json(result)["fits"]


def test_what_fits_is_said_in_a_line():
    network = Network((), (cells("a", 2000),))
    assert refuse(Quantised("loihi1", network, {}), LOIHI) == [
        "fits Loihi 1 on 2 of 128 cores; fullest: core 0 with 100 % of the neurons"
    ]


def test_what_is_not_known_of_a_chip_is_said_and_not_guessed():
    chip = profile.load("loihi2")
    network = Network((), (cells("a", 9000, "loihi2.graded_relu"),))
    result = found(network, chip)
    assert result.fits
    assert [core.parts for core in result.cores] == [(("a", 8192),), (("a", 808),)]
    assert result.tick is None
    assert result.placed.position is None
    assert "not public" in " ".join(result.unknown)
    shown = {use.what: use.most for core in result.cores for use in core.uses}
    assert shown == {"neurons": 8192, "axons_in": None, "axons_out": None}
    assert chip.figure("synop_pj").value is None
    assert "not public, and not checked" in as_text(result)
    large = Network((), (cells("a", 128 * 8192 + 1, "loihi2.graded_relu"),))
    assert [misfit.use.used for misfit in found(large, chip).misfits] == [129]


def test_time_of_a_tick_follows_from_the_figures():
    """Two layers of 1,000 on a core each: neurons 8.4 ns, synapses 3.5 ns at their rate."""
    network = Network(
        (Input("in", 100),),
        (cells("a", 1000), cells("b", 800)),
        (full(("in", 100), ("a", 1000)), full(("in", 100), ("b", 800))),
    )
    result = found(network, rate_hz=50.0)
    parts = result.tick.parts
    assert parts["neurons of the slowest core"] == pytest.approx(8.4)
    assert parts["synapses of the slowest core"] == pytest.approx(100_000 * 0.05 * 3.5e-3)
    assert parts["barrier at the end"] == pytest.approx(0.113)
    assert result.tick.us == pytest.approx(sum(parts.values()))
    with pytest.raises(ConfigError, match=r"a rate of 1001 Hz; 0 to 1000"):
        found(network, rate_hz=1001.0)


def test_profiles_name_a_source_for_every_number():
    for name in profile.names():
        chip = profile.load(name)
        for one in (chip.cores, *chip.limits.values(), *chip.figures.values()):
            assert len(one.source) > 10
        for limit in chip.limits.values():
            assert not limit.each or (max(limit.each), len(limit.each)) == (
                limit.most,
                chip.cores.most,
            )
    assert LOIHI.figure("synop_pj").value == 23.6
    assert (LOIHI.limit("axons_in"), LOIHI.limit("synapse_bits")) == (4096, 128 * 1024 * 8)
