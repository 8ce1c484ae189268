"""A canvas of braille characters: two by four dots in each (Unicode block U+2800)."""

import numpy as np
from numpy.typing import NDArray

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
_FIRST = 0x2800
ACROSS, DOWN = 2, 4


class Dots:
    """A canvas of ``columns`` by ``rows`` characters; dot 0, 0 is the lowest on the left."""

    def __init__(self, columns: int, rows: int) -> None:
        self.width, self.height = ACROSS * columns, DOWN * rows
        self._set = np.zeros((self.height, self.width), np.bool_)

    def mark(self, x: NDArray[np.intp], y: NDArray[np.intp]) -> None:
        """Set dots; those beyond the canvas are left out."""
        inside = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)
        self._set[self.height - 1 - y[inside], x[inside]] = True

    def strokes(self, x: NDArray[np.intp], low: NDArray[np.intp], high: NDArray[np.intp]) -> None:
        """Set the dots from ``low`` to ``high`` above each ``x``."""
        for column, bottom, top in zip(x, low, high, strict=True):
            if 0 <= column < self.width:
                self._set[self.height - 1 - top : self.height - bottom, column] = True

    def lines(self) -> list[str]:
        """Return the rows of characters, the uppermost first."""
        cells = self._set.reshape(self.height // DOWN, DOWN, self.width // ACROSS, ACROSS)
        codes = _FIRST + np.einsum("rdca,da->rc", cells.astype(np.int64), _BITS.astype(np.int64))
        return ["".join(map(chr, row)) for row in codes]
