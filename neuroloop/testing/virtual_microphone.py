"""Microphones without hardware, for tests and trials: sound goes in as samples, or as a file.

`VirtualMicrophone` is a sound server of its own (PulseAudio) with one sink that plays into nothing;
what is played there, in real time, is what the default microphone hears.  `file_microphone` is
ALSA's own: a file that is heard once from its first sample on, as fast as it can be read.

Both are found through the environment, by libraries that look at it when they are first used:

    with VirtualMicrophone() as microphone:
        os.environ.update(microphone.environment)
        microphone.play(np.zeros((16000, 1), np.int16))

``python -m neuroloop.testing.virtual_microphone FILE.wav -- neuroloop run live_microphone`` runs a
command that hears the file.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuroloop.core.errors import ConfigError, MachineError, PartError

Samples = NDArray[np.int16]

_SINK = "speaker"
_LEAD_S = 0.25
"""of silence before what is played: what a player sends first may be lost"""
_SHORT_MS, _LONG_MS = 20, 500
"""of sound that a player has sent ahead"""
_START_S, _LOOK_S, _END_S = 10.0, 0.02, 5.0
_PACKAGES = "apt-get install -y pulseaudio pulseaudio-utils libasound2-plugins"
_ALSA = Path("/usr/share/alsa/alsa.conf")


class VirtualMicrophone:
    """A private sound server whose default microphone hears what `play` plays.

    Parameters
    ----------
    rate_hz, channels
        Of the microphone; samples of this rate arrive bit for bit.

    Raises
    ------
    MachineError
        On entering, where PulseAudio is not installed.
    """

    def __init__(self, rate_hz: int = 16000, channels: int = 1) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        for program in ("pulseaudio", "pacat", "pactl"):
            if shutil.which(program) is None:
                raise MachineError(f"a virtual microphone needs {program}: {_PACKAGES}")
        self._folder = tempfile.TemporaryDirectory(prefix="neuroloop-sound-")
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End players and server, and remove their files."""
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What a process that is to hear it needs in its environment."""
        place = self._place
        return {
            "PULSE_SERVER": f"unix:{place}/socket",
            "PULSE_COOKIE": f"{place}/cookie",
            "XDG_RUNTIME_DIR": place,
        }

    @property
    def _place(self) -> str:
        if self._folder is None:
            raise PartError("the virtual microphone is not open: enter it with `with`")
        return self._folder.name

    def start(self) -> None:
        """Plug it in, again after `stop`."""
        place = Path(self._place)
        script = place / "script.pa"
        script.write_text(
            f"load-module module-native-protocol-unix socket={place}/socket auth-anonymous=1\n"
            f"load-module module-null-sink sink_name={_SINK} format=s16le"
            f" rate={self.rate_hz} channels={self.channels}\n"
            f"set-default-sink {_SINK}\nset-default-source {_SINK}.monitor\n"
        )
        command = ["pulseaudio", "-n", "-F", str(script), "--daemonize=no", "--use-pid-file=no"]
        command += ["--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no"]
        environment = {**os.environ, **self.environment, "HOME": self._place}
        with (place / "log").open("wb") as log:
            self._server = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + _START_S
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > end:
                said = (place / "log").read_text("utf-8", "replace").strip().splitlines()
                self.stop()
                raise PartError(f"the virtual microphone did not start: {said[-1:] or 'no reason'}")
            time.sleep(_LOOK_S)
        # with nobody playing the sink sleeps two seconds at a time, and a microphone is as late
        self._play("/dev/zero", _SHORT_MS)

    def stop(self) -> None:
        """Pull it out: whoever listens hears no more of it."""
        for process in (*self._players, self._server):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(_END_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._players, self._server = [], None

    def play(self, samples: Samples, *, wait: bool = True) -> None:
        """Play ``int16[n, channels]`` in real time; with ``wait`` return when it was played.

        Raises
        ------
        ConfigError
            Where the samples do not fit the microphone.
        """
        if samples.dtype != np.int16 or samples.shape[1:] != (self.channels,):
            raise ConfigError(f"a virtual microphone plays int16[n, {self.channels}]")
        lead = np.zeros((round(_LEAD_S * self.rate_hz), self.channels), "<i2")
        with tempfile.NamedTemporaryFile(dir=self._place, delete=False) as file:
            file.write(lead.tobytes() + samples.astype("<i2").tobytes())
        player = self._play(file.name, _LONG_MS)
        if wait and player.wait():
            raise PartError("the virtual microphone stopped while it played")

    def _play(self, file: str, latency_ms: int) -> subprocess.Popen[bytes]:
        command = ["pacat", "--playback", "--raw", f"--device={_SINK}", "--format=s16le"]
        command += [f"--rate={self.rate_hz}", f"--channels={self.channels}"]
        command += [f"--latency-msec={latency_ms}", file]
        environment = {**os.environ, **self.environment}
        player = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self._players = [p for p in self._players if p.poll() is None] + [player]
        return player

    def play_file(self, path: Path, *, wait: bool = True) -> None:
        """Play a WAV file of 16-bit samples of the microphone's own rate and channels."""
        samples, rate_hz = samples_of(path)
        if rate_hz != self.rate_hz:
            raise ConfigError(f"{path}: {rate_hz} samples a second; {self.rate_hz} are wanted")
        self.play(samples, wait=wait)

    def _answers(self) -> bool:
        asked = subprocess.run(
            ["pactl", "info"],
            env={**os.environ, **self.environment},
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0


def file_microphone(samples: Samples, folder: Path) -> dict[str, str]:
    """Make a microphone that hears ``int16[n, channels]``, as fast as it is read.

    After the last sample it says what happens to be in memory.

    Returns
    -------
    dict
        What a process that is to hear it needs in its environment.

    Raises
    ------
    MachineError
        Where ALSA is not installed.
    """
    if not _ALSA.is_file():
        raise MachineError(
            "a microphone from a file needs ALSA: apt-get install -y libasound2-data"
        )
    raw, config = folder / "microphone.raw", folder / "microphone.conf"
    # the file is handed on as it is, in the form that the sensor asks for
    raw.write_bytes((samples / np.float32(32768)).astype("<f4").tobytes())
    config.write_text(
        f"<{_ALSA}>\n"
        "pcm.!default {\n"
        '    type file\n    slave.pcm { type null }\n    file "/dev/null"\n'
        f'    infile "{raw}"\n    format raw\n'
        "}\n"
    )
    return {"ALSA_CONFIG_PATH": str(config)}


def samples_of(path: Path) -> tuple[Samples, int]:
    """Return the samples ``int16[n, channels]`` and the rate of a 16-bit WAV file."""
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise ConfigError(f"{path}: {8 * file.getsampwidth()}-bit samples; 16 are wanted")
            raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return raw.reshape(-1, file.getnchannels()), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise ConfigError(f"{path}: not a WAV file that can be played: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command that hears a file from its default microphone; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m neuroloop.testing.virtual_microphone", description=main.__doc__
    )
    parser.add_argument("file", type=Path, help="16-bit WAV")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --")
    given = parser.parse_args(arguments)
    samples, rate_hz = samples_of(given.file)
    command = [word for word in given.command if word != "--"]
    if not command:
        parser.error("a command is wanted after --")
    with VirtualMicrophone(rate_hz, samples.shape[1]) as microphone:
        hears: dict[str, Any] = {**os.environ, **microphone.environment}
        with subprocess.Popen(command, env=hears) as process:
            while process.poll() is None:
                microphone.play(samples)
        return process.returncode


if __name__ == "__main__":
    sys.exit(main())
