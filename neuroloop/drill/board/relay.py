"""A connection that goes on at one end alone, as behind a router that forgot it."""

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Self

_WAKE_S = 0.05
_BYTES = 65536


class Relay:
    """Passes on what comes to a port of its own, in a thread; start it with ``with``.

    While it is ``half_open`` the far end of each connection is closed, and the near end, that of
    who connected, stays open: what comes there is read and leads nowhere.

    Parameters
    ----------
    to_port
        Of this machine.
    address
        Where it listens.
    """

    def __init__(self, to_port: int, address: str = "127.0.0.1") -> None:
        self._to, self._address = ("127.0.0.1", to_port), address
        self._pairs: dict[socket.socket, socket.socket | None] = {}
        self.half_open = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._listener = socket.create_server((self._address, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        self._end.set()
        self._thread.join()
        for end in (*self._pairs, self._listener):
            end.close()

    def _run(self) -> None:
        was_half_open = False
        while not self._end.is_set():
            if self.half_open != was_half_open:
                was_half_open = self.half_open
                self._part(forget=not was_half_open)
            ready, _, _ = select.select([self._listener, *self._pairs], [], [], _WAKE_S)
            for end in ready:
                if end is self._listener:
                    self._accept()
                elif end in self._pairs:
                    self._pass(end)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        self._pairs[near] = None
        if not self.half_open:
            with contextlib.suppress(OSError):  # nobody is there: it is closed again
                far = socket.create_connection(self._to, 1.0)
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._pairs |= {near: far, far: near}
                return
            self._close(near)

    def _pass(self, end: socket.socket) -> None:
        other = self._pairs[end]
        try:
            data = end.recv(_BYTES)
            if data and other is not None:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._close(end)

    def _part(self, *, forget: bool) -> None:
        """Close the far end of every connection; the near one too where it is to be forgotten."""
        nears = [end for end in self._pairs if end.getsockname() == self._listener.getsockname()]
        for near in nears:
            far, self._pairs[near] = self._pairs[near], None
            if far is not None:
                del self._pairs[far]
                far.close()
            if forget:
                self._close(near)

    def _close(self, end: socket.socket) -> None:
        other = self._pairs.pop(end)
        end.close()
        if other is not None:
            del self._pairs[other]
            other.close()
