"""The part of a picture that an encoder sees, and how many pixels become one."""

from collections.abc import Sequence

import numpy as np

from neuroloop.core.errors import ConfigError
from neuroloop.core.kernel import kernel
from neuroloop.core.values import Float32s, UInt8s


@kernel
def pooled(picture, top, left, pool, height, width, grey):
    """Set ``grey`` (``uint8[height * width]``) to the rounded means of squares of pixels."""
    half = pool * pool // 2
    for y in range(height):
        for x in range(width):
            total = half
            for dy in range(pool):
                for dx in range(pool):
                    total += picture[top + y * pool + dy, left + x * pool + dx]
            grey[y * width + x] = np.uint8(total // (pool * pool))


class Window:
    """A region ``left, top, width, height`` of pictures, in squares of ``pool`` pixels.

    Squares that do not fit whole at the right and lower edge are left out.

    Raises
    ------
    ConfigError
        Where the region is not in the picture, or smaller than a square.
    """

    def __init__(
        self, shape: tuple[int, ...], region: Sequence[int] | None, pool: int, where: str
    ) -> None:
        left, top, width, height = region or (0, 0, shape[1], shape[0])
        if left + width > shape[1] or top + height > shape[0]:
            raise ConfigError(
                f"{where}: region {[left, top, width, height]} (left, top, width, height) is not "
                f"in a picture of {shape[1]} x {shape[0]} pixels"
            )
        self.width, self.height = width // pool, height // pool
        if self.width < 1 or self.height < 1:
            raise ConfigError(
                f"{where}: pool = {pool} is more than the {width} x {height} pixels of the region"
            )
        self._left, self._top, self._pool = left, top, pool

    def fill(self, picture: UInt8s, grey: UInt8s) -> None:
        """Set the first ``height * width`` of ``grey`` to what is seen of a picture."""
        seen = grey[: self.height * self.width]
        if self._pool > 1:
            whole = np.ascontiguousarray(picture)
            pooled(whole, self._top, self._left, self._pool, self.height, self.width, seen)
            return
        rows = slice(self._top, self._top + self.height)
        columns = slice(self._left, self._left + self.width)
        np.copyto(seen.reshape(self.height, self.width), picture[rows, columns])

    def bearing_rad(self, columns: Float32s) -> Float32s:
        """Return the direction of each unit, ON then OFF, from that of each column of a picture."""
        own = columns[self._left : self._left + self.width * self._pool]
        mean = own.reshape(self.width, self._pool).mean(axis=1)
        return np.tile(mean, 2 * self.height).astype(np.float32)
