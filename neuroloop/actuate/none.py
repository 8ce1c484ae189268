"""Motion to nowhere: for recordings, where the report and the picture are the result."""

from msgspec import Struct

from neuroloop.config import body
from neuroloop.core.body import Body
from neuroloop.core.ports import Site
from neuroloop.core.values import Motion


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of ``[actuator.NAME]`` with ``kind = "none"``."""

    body: str = "rover"
    """whose channels and limits the motion has"""


class NoActuator:
    """Takes motion and does nothing."""

    harmless = True
    """nothing moves however late motion comes"""

    def __init__(self, of: Body) -> None:
        self._body = of

    @property
    def body(self) -> Body:
        """The body that would move."""
        return self._body

    def write(self, motion: Motion) -> None:
        """Let it go."""

    def stop(self) -> None:
        """Nothing moves."""


def build(config: Config, site: Site) -> NoActuator:
    """Read the body's file."""
    return NoActuator(body.load(config.body, site.folder, f'actuator "{site.name}"'))
