"""Which of PortAudio's devices is meant, and what it says when it does not open."""

import atexit
import logging
import sys
import threading
from collections.abc import Sequence
from typing import Any

from neuroloop.core.errors import ConfigError, MachineError, PartError, nearest

_UNPLUGGED, _BUSY, _RATE, _CHANNELS = -9993, -9985, -9997, -9998
"""of ``PaErrorCode``"""
_LINUX = "apt-get install -y libportaudio2"

_PATIENCE_S = 3.0

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_open: list[object] = []
"""streams of this process; PortAudio looks for devices anew only where there are none"""
_kept: list[object] = []
"""what streams that did not end may still write to"""


def package() -> Any:
    """Import sounddevice.

    Raises
    ------
    MachineError
        Where the package or PortAudio is missing; with the command that adds it.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise MachineError(
            f'microphones need sounddevice: {sys.executable} -m pip install "neuroloop[audio]"'
        ) from error
    except OSError as error:
        how = _LINUX if sys.platform.startswith("linux") else "install PortAudio"
        raise MachineError(f"microphones need PortAudio, which is not installed: {how}") from error
    return sounddevice


def inputs(audio: Any) -> dict[int, dict[str, Any]]:
    """Return all devices that hear, by PortAudio's number."""
    return {k: d for k, d in enumerate(audio.query_devices()) if d["max_input_channels"] > 0}


def find(audio: Any, wanted: str | int | None, where: str) -> int:
    """Return the number of a device: by number, name, part of a name, or the default one.

    Raises
    ------
    MachineError
        Where nothing hears.
    PartError
        Where this one is not there now: it may come.
    ConfigError
        Where several are meant.
    """
    _look_anew(audio)
    known = inputs(audio)
    names = {k: str(d["name"]) for k, d in known.items()}
    if not known:
        raise MachineError(f"{where}: no device of this machine hears; plug one in")
    if wanted is None:
        number = int(audio.default.device[0])
        return number if number in known else min(known)
    if isinstance(wanted, str):
        return _named(names, wanted, where)
    if wanted not in known:
        raise PartError(f"{where}: no input number {wanted}; there are {_listed(names)}")
    return wanted


def _named(names: dict[int, str], wanted: str, where: str) -> int:
    """Return the number of the device of this name, else of the one with this in its name."""
    same = [k for k, name in names.items() if name == wanted]
    same = same or [k for k, name in names.items() if wanted.lower() in name.lower()]
    if len(same) > 1:
        several = _listed({k: names[k] for k in same})
        raise ConfigError(f'{where}: `device`: "{wanted}" is several: {several}; give a number')
    if not same:
        raise PartError(f'{where}: no input "{wanted}"{nearest(wanted, names.values())}')
    return same[0]


def _listed(names: dict[int, str]) -> str:
    return ", ".join(f'{k} "{name}"' for k, name in names.items()) or "none"


def _look_anew(audio: Any) -> None:
    """Let PortAudio see what was plugged in since it was started."""
    with _lock:
        if not _open:
            audio._terminate()
            audio._initialize()


def opened(audio: Any, where: str, settings: dict[str, Any]) -> Any:
    """Open and start a stream whose callback is compiled.

    Raises
    ------
    ConfigError
        Where the device cannot do what is asked.
    PartError
        Where it does not open now.
    """
    name = audio.query_devices(settings["device"])["name"]
    most = audio.query_devices(settings["device"])["max_input_channels"]
    if settings["channels"] > most:
        raise ConfigError(
            f'{where}: `channels`: "{name}" has {most}, {settings["channels"]} are asked'
        )
    try:
        stream = audio._StreamBase("input", dtype="float32", clip_off=True, **settings)
        with _lock:
            _open.append(stream)
        stream.start()
    except audio.PortAudioError as error:
        raise _words(audio, error, where, name, settings) from error
    return stream


def close(stream: Any, memory: object, where: str) -> bool:
    """End a stream, whatever state its device is in; returns whether it ended.

    PortAudio may wait for ever for a device that was pulled out.  Then a thread is left waiting,
    and ``memory``, to which the stream may still write, is kept.
    """
    ended = threading.Thread(target=_end, args=(stream,), name=f"{where}: closing", daemon=True)
    ended.start()
    ended.join(_PATIENCE_S)
    stuck = ended.is_alive()
    if stuck:
        _kept.append(memory)
        atexit.unregister(package()._exit_handler)  # it would wait for the same
        _log.warning(
            "%s: PortAudio has not let go of the device for %g s, and may go on asking it in vain; "
            "a run that is started anew is rid of it, and so is a sensor with process = true",
            where,
            _PATIENCE_S,
        )
    return not stuck


def _end(stream: Any) -> None:
    stream.abort(ignore_errors=True)
    stream.close(ignore_errors=True)
    with _lock:
        if stream in _open:
            _open.remove(stream)


def _words(
    audio: Any, error: Exception, where: str, name: str, settings: dict[str, Any]
) -> ConfigError | PartError:
    code = error.args[1] if len(error.args) > 1 else 0
    if code == _RATE:
        own = audio.query_devices(settings["device"])["default_samplerate"]
        return ConfigError(
            f'{where}: `rate_hz`: "{name}" does not take {settings["samplerate"]} samples a'
            f" second; its own rate is {own:g}"
        )
    if code == _CHANNELS:
        return ConfigError(f'{where}: `channels`: "{name}" has no {settings["channels"]} channels')
    why = {_BUSY: "another program has it", _UNPLUGGED: "it is gone"}.get(code, str(error.args[0]))
    return PartError(f'{where}: "{name}" does not open: {why}')


def modes(device: dict[str, Any]) -> Sequence[str]:
    """Return what a device offers, in a few words each."""
    n, rate = device["max_input_channels"], device["default_samplerate"]
    return (f"{n} channel{'s' if n > 1 else ''} at {rate:g} Hz",)
