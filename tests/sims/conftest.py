import os
import platform
import sys

import pytest

from neuroloop.core.ports import Site
from sims import bullet


@pytest.fixture(scope="session")
def open_bullet():
    """Make a PyBullet plant; skips where there is no wheel, never on a test machine with one."""
    has_wheel = (
        sys.version_info < (3, 12) and sys.platform == "linux" and platform.machine() == "x86_64"
    )
    reason = bullet.unavailable()
    if reason is not None and not (has_wheel and os.environ.get("CI") == "true"):
        pytest.skip(reason)

    def make(world="empty", folder=None, **settings):
        site = Site("plant", 1, 10_000) if folder is None else Site("plant", 1, 10_000, folder)
        return bullet.build(bullet.Config(world, **settings), site)

    return make
