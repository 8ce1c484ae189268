"""Edges by spikes: against shapes whose edges are known, and against Canny on a real picture."""

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from neuroloop.bench.edges import opencv
from neuroloop.bench.edges.score import measure
from neuroloop.cli.bench import verbs
from neuroloop.core.errors import ConfigError


@pytest.fixture(scope="module")
def square(tmp_path_factory):
    """A bright square on a dark ground, 64 pixels wide, its sides 20 pixels from the margin."""
    grey = np.full((64, 64), 60, np.uint8)
    grey[20:44, 20:44] = 180
    path = tmp_path_factory.mktemp("square") / "square.png"
    cv2.imwrite(str(path), grey)
    return measure(path, 64, ())


def test_it_finds_the_sides_of_a_square_and_nothing_else(square):
    y, x = np.mgrid[:64, :64] + 0.5
    outside = np.maximum(np.abs(x - 32), np.abs(y - 32)) - 12
    sides = np.abs(outside) < 1
    match = square.match(sides, 1)
    assert match.precision > 0.95
    assert match.recall > 0.95


def test_a_cell_answers_to_its_own_orientation(square):
    for part, own in ((np.s_[24:40, 18:22], 0), (np.s_[18:22, 24:40], 4)):
        fired = square.orientation[part][square.found[part]]
        assert len(fired) > 8
        assert np.mean(fired == own) > 0.8


def test_a_line_is_thin(square):
    side = square.found[28:36, 15:26]
    assert side.any(axis=1).all()
    assert side.sum(axis=1).max() <= 2


def test_an_even_picture_has_no_edges(tmp_path):
    path = tmp_path / "even.png"
    cv2.imwrite(str(path), np.full((40, 60), 90, np.uint8))
    result = measure(path, 60, ())
    assert (result.events, result.spikes) == (0, 0)


def test_on_a_real_picture_it_agrees_with_canny(real_film, tmp_path):
    capture = cv2.VideoCapture(str(real_film))
    _, picture = capture.read()
    capture.release()
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), picture)
    result = measure(path, 160, ())
    match = result.match(result.log_edges, 2)
    assert match.precision > 0.7
    assert match.recall > 0.8
    chance = np.random.default_rng(0).permutation(result.found.ravel()).reshape(result.found.shape)
    by_chance = (chance & opencv.near(result.log_edges, 2)).sum() / chance.sum()
    assert match.precision > by_chance + 0.2


@pytest.mark.parametrize(("content", "why"), [(b"", "not a picture"), (b"no picture", "PNG")])
def test_what_is_no_picture_is_refused(tmp_path, content, why):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        measure(path, 64, ())


def test_the_bench_prints_and_draws(square, tmp_path):
    plot = tmp_path / "edges.png"
    arguments = ["edges", str(_written(square, tmp_path)), "--width", "62"]
    done = CliRunner().invoke(verbs, [*arguments, "--plot", str(plot)])
    assert done.exit_code == 0
    assert "precision" in done.output
    assert plot.read_bytes().startswith(b"\x89PNG")


def _written(result, folder):
    path = folder / "again.png"
    cv2.imwrite(str(path), result.grey)
    return path
