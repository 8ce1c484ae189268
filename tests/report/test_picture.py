"""Pictures of runs: what is on them, and that nothing covers anything."""

import numpy as np
import pytest

from neuroloop.config import runfile
from neuroloop.core.world import World
from neuroloop.report import floor, panel
from neuroloop.report.run import reported

figures = pytest.importorskip("matplotlib.figure")
agg = pytest.importorskip("matplotlib.backends.backend_agg")

NET = """
from neuroloop.network import Network, Population

def build(bias=2.0):
    return Network(populations=(Population("motor", 2, "lif", {"bias": bias}),))
"""
RUN = """
[run]
seconds = 0.2
[engine]
kind = "float"
network = "net.py:build"
"""
LIMB = """
[decoder.{0}]
kind = "linear"
input = "motor"
weights = [[0.01, 0.0], [0.0, 0.01]]
[actuator.{0}]
kind = "none"
"""


@pytest.fixture
def axis():
    figure = figures.Figure(figsize=(10, 3), layout="constrained")
    agg.FigureCanvasAgg(figure)
    return figure.add_subplot()


@pytest.fixture
def titles(tmp_path, monkeypatch):
    """Draw a run; return the titles of the picture's panels."""
    drawn = []
    save = figures.Figure.savefig

    def keep(figure, *arguments, **options):
        drawn.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(figures.Figure, "savefig", keep)
    (tmp_path / "net.py").write_text(NET)

    def call(text, *changes):
        (tmp_path / "run.toml").write_text(text)
        run = runfile.load(str(tmp_path / "run.toml"), changes)
        reported(run, plot=tmp_path / "run.png")
        assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
        return [a.get_title(loc="left") for a in drawn.pop().axes]

    return call


def boxes(axis, *artists):
    """Return the places of the axis and of what is drawn on it, in pixels."""
    axis.figure.canvas.draw()
    return [artist.get_window_extent() for artist in (axis, *artists)]


def test_every_actuator_is_drawn(titles):
    shown = titles(RUN + LIMB.format("wheels") + LIMB.format("arm"))
    assert sum("command" in title for title in shown) == 4
    assert [t for t in shown if t.startswith("wheels: command")]
    assert [t for t in shown if t.startswith("arm: command")]


def test_a_single_actuator_needs_no_name(titles):
    shown = titles(RUN + LIMB.format("wheels"))
    assert [t for t in shown if t.startswith("command")] == [t for t in shown if "command" in t]


def test_a_run_without_a_decoder_is_drawn_without_motion(titles):
    (title,) = titles(RUN)
    assert title.startswith("motor: ")


def test_a_run_in_which_nothing_happens_is_drawn(titles):
    assert titles(RUN, "engine.network_options.bias=0.0") == [""]


def test_two_units_are_numbered_0_and_1(axis):
    panel.raster(axis, "motor", np.array([0.1, 0.2]), np.array([0, 1]), 2)
    axis.figure.canvas.draw()
    bottom, top = axis.get_ylim()
    assert [t for t in axis.get_yticks() if bottom <= t <= top] == [0, 1]


@pytest.mark.parametrize("units", [1, 2, 30, 3072])
def test_a_lone_spike_is_seen(axis, units):
    panel.raster(axis, "motor", np.array([0.5]), np.array([units // 2]), units)
    axis.figure.canvas.draw()
    image = np.asarray(axis.figure.canvas.buffer_rgba())[..., :3].min(axis=2)
    ((x0, y0), (x1, y1)) = axis.get_window_extent().get_points()
    rows = image.shape[0] - np.array([y1, y0])
    inner = image[int(rows[0]) + 5 : int(rows[1]) - 5, int(x0) + 5 : int(x1) - 5]
    assert (inner < 200).sum() >= 3


def test_a_legend_covers_no_curve(axis):
    axis.plot([0, 1], [0, 1], label="left wheel")
    panel.label(axis, "command: wheels", "m/s")
    panel.legend_above(axis)
    inside, legend = boxes(axis, axis.get_legend())
    assert legend.y0 >= inside.y1


def test_the_legend_of_the_floor_stands_outside_the_room(axis):
    world = World("w", [(-4, -4), (4, -4), (4, 4), (-4, 4)], (-3, -3, 0), (3, 3))
    floor.draw(axis, world, np.array([[0, -3, -3, 0], [1, 0, 0, 0.5]], float))
    inside, legend = boxes(axis, axis.get_legend())
    assert legend.y0 >= inside.y1
