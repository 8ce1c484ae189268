"""How long to wait before what failed is tried again: longer each time, until it holds."""

_FIRST_NS, _LONGEST_NS = 100_000_000, 5_000_000_000
_HOLDS_NS = 5_000_000_000
"""what ran so long between two failures had come back for good"""


class Backoff:
    """0.1, 0.2, 0.4 ... 5 s; times are those of the monotonic clock."""

    def __init__(self) -> None:
        self._wait_ns = _FIRST_NS
        self._tried_ns = 0

    def failed(self, now_ns: int) -> int:
        """Return when to try again."""
        if now_ns - self._tried_ns > _HOLDS_NS:
            self._wait_ns = _FIRST_NS
        self._tried_ns = now_ns + self._wait_ns
        self._wait_ns = min(2 * self._wait_ns, _LONGEST_NS)
        return self._tried_ns
