"""A socket through which a person or a program reaches a running loop."""

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from neuroloop.core.errors import MachineError
from neuroloop.runtime import control_socket
from neuroloop.runtime.control_socket import LINE_BYTES
from neuroloop.runtime.control_verbs import answered
from neuroloop.runtime.loop import Loop

MOST_CONNECTIONS = 8
IDLE_S = 60.0
"""a connection that asks nothing for so long is closed"""
_WRITE_S = 2.0
_END_S = 2.0
_AGAIN_S = 0.1


class Control:
    """Listens while it is open, as a companion of `runtime.session.played`.

    One thread serves all connections, so that an emergency stop waits for nobody else's answer.

    Parameters
    ----------
    name
        What the loop is called, as the stem of its run file.
    idle_s
        After how long a silent connection is closed.
    """

    def __init__(self, loop: Loop, name: str, idle_s: float = IDLE_S) -> None:
        self._loop, self._name, self._idle_s = loop, name, idle_s
        self._talks: dict[asyncio.Future[None], socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        """Listen from now on.

        Raises
        ------
        MachineError
            Where there can be no socket: says why.
        """
        control_socket.running()  # removes what dead loops left behind
        self.path = control_socket.path_of(self._name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.bind(str(self.path))
            self.path.chmod(0o600)  # until now its folder kept others out
            self._socket.listen(MOST_CONNECTIONS)
        except OSError as error:
            self._socket.close()
            raise MachineError(f"{self.path}: no control socket: {error.strerror}") from error
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Listen no more."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._asyncio.call_soon_threadsafe(self._stop.set)
        self._thread.join(_END_S)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        """Take connections until told to stop, each a task of its own."""
        self._asyncio, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._listen()
        self._ready.set()
        await self._stop.wait()
        self._asyncio.remove_reader(self._socket)
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    def _listen(self) -> None:
        if not self._stop.is_set():
            self._asyncio.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        """Take a connection; one too many is closed at once."""
        try:
            connection, _ = self._socket.accept()
        except OSError:  # it is gone again, or no more files can be open just now
            self._asyncio.remove_reader(self._socket)
            self._asyncio.call_later(_AGAIN_S, self._listen)
            return
        connection.setblocking(False)
        if len(self._talks) >= MOST_CONNECTIONS:
            connection.close()
            return
        talk = asyncio.ensure_future(self._talk(connection))
        self._talks[talk] = connection
        talk.add_done_callback(lambda ended: self._talks.pop(ended).close())

    async def _talk(self, connection: socket.socket) -> None:
        """Answer one connection until its end; who is gone, or silent, is left."""
        waiting = bytearray()
        with contextlib.suppress(OSError, TimeoutError):
            while True:
                async with asyncio.timeout(self._idle_s):
                    line = await self._line(connection, waiting)
                if not line:
                    return
                answer = await answered(self._loop, line)
                async with asyncio.timeout(_WRITE_S):
                    await self._asyncio.sock_sendall(connection, answer)

    async def _line(self, connection: socket.socket, waiting: bytearray) -> bytes:
        """Return the next line, or what there is where the sender has ended; b"" is the end.

        Of a line that is too long the beginning is returned, which is no request.
        """
        line = b""
        while True:
            part, newline, rest = bytes(waiting).partition(b"\n")
            line = (line + part)[: LINE_BYTES + 1]
            waiting[:] = rest
            if newline:
                return line + newline
            received = await self._asyncio.sock_recv(connection, LINE_BYTES)
            if not received:
                return line
            waiting += received
