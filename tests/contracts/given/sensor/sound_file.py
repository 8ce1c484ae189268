"""A recording for the contract test of the sensors."""

import wave

import numpy as np


def settings(folder):
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.arange(-1600, 1600, dtype="<i2").tobytes())
    return {"path": "sound.wav", "loop": True}
