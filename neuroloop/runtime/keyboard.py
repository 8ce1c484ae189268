"""Steering from the terminal: keys become orders and motion of a running loop."""

import atexit
import contextlib
import math
import os
import select
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from neuroloop.core.errors import ConfigError
from neuroloop.core.safety import Order
from neuroloop.runtime.keys import STEERING, Do, Wish, action, keys
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.told import Told

WHO = "keyboard"
HELP = "keys:\n" + "\n".join(f"  {do.value}" for do in Do)
_FORGET_S = 0.7
"""a key goes on from the last wish for so long; a held key begins to repeat sooner"""
_MOVE_S, _AGAIN_S = 0.25, 0.1
"""one press moves the robot for so long; how often it is told to stand after that"""
_HEAR_S = 0.01
"""how often to look what came of an order"""
_LONG_AGO_US = -1_000_000_000
"""stamp of a command that has expired already, so that the network drives at once"""
_END_S = 2.0
_ORDERS = {
    Do.ARM: Order.ARM,
    Do.DISARM: Order.DISARM,
    Do.RESET: Order.RESET,
    Do.EMERGENCY: Order.STOP,
}


def _show(text: str) -> None:
    """Write a line over whatever line the terminal is at."""
    sys.stderr.write(f"\r\x1b[K{text}\n")
    sys.stderr.flush()


class Keyboard:
    """Reads the terminal while it is open, as a companion of `runtime.session.played`.

    The first limb of the loop is steered.  While a key is held the terminal repeats it, and each
    time a motion is sent; when it is released the robot stands for a moment, then nothing is sent
    any more, the last command expires, and the network drives.

    Parameters
    ----------
    terminal
        Number of the open file; standard input where it is left out.
    show
        Takes what is said to the person.
    """

    def __init__(
        self, loop: Loop, terminal: int | None = None, show: Callable[[str], None] = _show
    ) -> None:
        self._loop, self._show = loop, show
        self._terminal = -1 if terminal is None else terminal
        self._wish, self._wished_s = Wish(), -math.inf
        self._told: Told | None = None
        self._before: list[Any] | None = None
        self._thread = threading.Thread(target=self._read, name="keyboard", daemon=True)

    def __enter__(self) -> Self:
        """Take single keys from the terminal from now on.

        Raises
        ------
        ConfigError
            Where there is no terminal, or this process is not in its foreground.
        """
        if self._terminal < 0:
            with contextlib.suppress(AttributeError, OSError, ValueError):  # closed, or none
                self._terminal = sys.stdin.fileno()
        if not os.isatty(self._terminal):
            raise ConfigError("--keys: standard input is no terminal; `neuroloop tell` needs none")
        if not _in_front(self._terminal):
            raise ConfigError("--keys: this run is in the background, where no key reaches it")
        self._before = termios.tcgetattr(self._terminal)
        atexit.register(self._restore)
        termios.tcsetattr(self._terminal, termios.TCSANOW, _single_keys(self._terminal))
        self._wake, self._end = os.pipe()
        self._thread.start()
        self._show("steer with the arrow keys, space is the emergency stop, ? shows all keys")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal back as it was."""
        self._restore()
        atexit.unregister(self._restore)
        os.close(self._end)
        self._thread.join(_END_S)
        os.close(self._wake)

    def _restore(self) -> None:
        if self._before is not None:
            # not TCSADRAIN: a terminal that takes no output would keep the run from ending
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)
            self._before = None

    def _read(self) -> None:
        rest = b""
        while True:
            ready, _, _ = select.select([self._terminal, self._wake], [], [], self._idle())
            if self._wake in ready:
                return
            if not ready:
                continue
            try:
                typed = os.read(self._terminal, 1024)
            except OSError:  # the terminal was closed; its hang-up ends the run
                return
            if not typed:
                return
            found, rest = keys(rest + typed)
            asked = [do for key in found if (do := action(key)) is not None]
            # what was typed before an emergency stop is not worth waiting for
            for do in [Do.EMERGENCY] if Do.EMERGENCY in asked else asked:
                self._carry_out(do)

    def _carry_out(self, do: Do) -> None:
        try:
            if do in STEERING:
                self._steer(do)
            elif do in _ORDERS:
                self._told = Told(self._loop, _ORDERS[do], WHO)
            elif do is Do.RELEASE:
                self._release()
                self._show("the network drives")
            elif do is Do.END:
                self._loop.episode.stop.asked = True
            else:
                self._show(HELP)
        except ConfigError as error:
            self._show(str(error))

    def _steer(self, do: Do) -> None:
        loop, now_s = self._loop, time.monotonic()
        if not loop.orders.limbs:
            raise ConfigError("this run moves nothing that could be steered")
        wish = self._wish if now_s - self._wished_s < _FORGET_S else Wish()
        self._wish, self._wished_s = wish.after(do), now_s
        self._send(self._wish, loop.next_index * loop.dt_us)

    def _idle(self) -> float | None:
        """Do what is due while no key comes; returns how long to wait for the next one."""
        waits = [wait for wait in (self._stand(), self._hear()) if wait is not None]
        return min(waits, default=None)

    def _stand(self) -> float | None:
        """Tell the robot to stand a moment after the last key.

        Between the first press of a held key and its repetitions the network must not drive.
        """
        since_s = time.monotonic() - self._wished_s
        if since_s > _FORGET_S:
            return None
        if since_s < _MOVE_S:
            return _MOVE_S - since_s
        self._send(Wish(), self._loop.next_index * self._loop.dt_us)
        return _AGAIN_S

    def _hear(self) -> float | None:
        """Show what came of the last order; no key has to wait for it."""
        outcome = self._told.outcome() if self._told is not None else None
        if outcome is not None:
            self._told = None
            self._show(outcome.text)
        return None if self._told is None else _HEAR_S

    def _release(self) -> None:
        """Let the network drive at once."""
        self._wish, self._wished_s = Wish(), -math.inf
        if self._loop.orders.limbs:
            self._send(self._wish, _LONG_AGO_US)

    def _send(self, wish: Wish, t_us: int) -> None:
        loop = self._loop
        loop.orders.steer(loop.orders.limbs[0], wish.wheels(loop.actuators[0].body), t_us)


def _in_front(terminal: int) -> bool:
    """Whether keys reach this process: a background one would be stopped for reading them."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # a terminal that controls no session
        return True


def _single_keys(terminal: int) -> list[Any]:
    """Return settings that give each key at once and show none.

    Ctrl-C still ends the run; Ctrl-Z is a key like others, because a stopped loop steers nobody,
    and so is Ctrl-S, because what is shown to a paused terminal would keep keys waiting.
    """
    attributes: list[Any] = termios.tcgetattr(terminal)
    attributes[0] &= ~termios.IXON
    attributes[3] &= ~(termios.ECHO | termios.ICANON)
    special = attributes[6]
    special[termios.VMIN], special[termios.VTIME] = 1, 0
    special[termios.VSUSP] = bytes([os.fpathconf(terminal, "PC_VDISABLE")])
    return attributes
