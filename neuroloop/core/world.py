"""A 2.5-D world as data: upright walls, prisms, posts and targets on a flat floor, start and goal.

```toml
name = "boxes"
room = [[-5, -5], [5, -5], [5, 5], [-5, 5]]   # outline, free inside
start = [-4.0, -4.0, 0.0]                      # x, y in metres, yaw in radians
goal = [4.0, 4.0]

[[polygon]]
points = [[0, 0], [1, 0], [1, 1], [0, 1]]
height_m = 1.0
grey = 0.4

[[disc]]
centre = [2, -1]
radius_m = 0.3

[[target]]                                     # moves, from the first point on, round and round
path = [[2, 2], [-2, 2], [-2, -2]]
speed_mps = 0.25
```
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from neuroloop.core.body import Fraction, Positive

Point = tuple[float, float]
Outline = Annotated[list[Point], Meta(min_length=3)]


class Polygon(Struct, frozen=True, forbid_unknown_fields=True):
    """An upright prism; the inside is solid."""

    points: Outline
    height_m: Positive = 1.0
    grey: Fraction = 0.4


class Disc(Struct, frozen=True, forbid_unknown_fields=True):
    """An upright post."""

    centre: Point
    radius_m: Positive
    height_m: Positive = 1.0
    grey: Fraction = 0.6


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """An upright post that goes round a closed path at an even speed: see `neuroloop.core.course`.

    It is black where nothing else in a world is, so that a camera can tell it from all the rest.
    """

    path: Annotated[list[Point], Meta(min_length=2, max_length=1000)]
    """corners in metres; the last is joined to the first, so two are a way there and back"""
    speed_mps: Positive
    radius_m: Positive = 0.15
    height_m: Positive = 0.6
    grey: Fraction = 0.0


class World(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the robot lives; checked by `neuroloop.config.world.check`."""

    name: str
    room: Outline
    start: tuple[float, float, float]
    goal: Point | None = None
    goal_radius_m: Positive = 0.5
    polygon: list[Polygon] = field(default_factory=list)
    disc: list[Disc] = field(default_factory=list)
    target: list[Target] = field(default_factory=list)
    wall_height_m: Positive = 1.0
    wall_grey: Fraction = 0.8
