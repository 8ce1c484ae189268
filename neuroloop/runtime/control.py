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
        self._talks: set[asyncio.Future[None]] = set()
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
            self._socket.bind(str(self.path))
            self.path.chmod(0o600)  # until now its folder kept others out
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

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._asyncio, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_unix_server(
                self._meet, sock=self._socket, limit=LINE_BYTES, backlog=MOST_CONNECTIONS
            )
        finally:
            self._ready.set()
        await self._stop.wait()
        server.close()
        await asyncio.sleep(0)  # what was just accepted comes to `_meet`
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a new connection, where there are not too many."""
        if len(self._talks) >= MOST_CONNECTIONS:
            writer.close()
            return
        talk = asyncio.ensure_future(self._talk(reader, writer))
        self._talks.add(talk)

        def ended(_: object) -> None:
            self._talks.discard(talk)
            # cancelled, gone, silent, or not reading its answers: nothing is left to be sent
            (writer.transport.abort if _failed(talk) else writer.close)()

        talk.add_done_callback(ended)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    line = await reader.readline()
            except ValueError:
                line, answer = b"", b'{"ok":false,"code":2,"error":"no request: a line too long"}\n'
            else:
                answer = await answered(self._loop, line) if line else b""
            writer.write(answer)
            async with asyncio.timeout(_WRITE_S):
                await writer.drain()
            if not line:
                return


def _failed(talk: "asyncio.Future[None]") -> bool:
    """Whether a connection did not come to its own end."""
    return talk.cancelled() or talk.exception() is not None
