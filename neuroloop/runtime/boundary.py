"""Where the loop meets parts that anybody may have written: what they give is checked once here."""

from typing import Any, NoReturn

import numpy as np

from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.core.ports import Kernel, Transducer
from neuroloop.core.values import Depth, Frame, Numbers, Ranges, Reading, Scalars, Sound, SourceSpec

_NEEDED = {
    "sensor": ("spec", "read"),
    "plant": ("body", "world", "t_us", "advance", "command", "pose", "twist", "touching", "place"),
    "encoder": ("units", "encode"),
    "decoder": ("decode",),
    "actuator": ("body", "write", "stop"),
    "sink": ("take",),
    "engine": ("kind",),
}


def blame(role: str, name: str, error: Exception) -> NoReturn:
    """Raise what a part raised as an error that says which part, what, and where in its file."""
    if isinstance(error, NeuroloopError):
        raise error
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    raise PartError(f'{role} "{name}" failed: {type(error).__name__}: {error}{at}') from error


def check_part(role: str, name: str, built: object) -> None:
    """Refuse what ``build`` returned where it is not a part of its role."""
    if isinstance(built, Kernel) and role in ("encoder", "decoder", "guard"):
        return
    if isinstance(built, Transducer) and role == "encoder":
        return
    missing = [n for n in _NEEDED.get(role, ()) if not hasattr(built, n)]
    if missing or role == "guard":
        wanted = f"`{missing[0]}`" if missing else "an entry for the tick (a Kernel)"
        raise PartError(
            f'{role} "{name}": build() returned a {type(built).__name__} without {wanted}'
        )
    if role == "sensor" and not isinstance(built.spec, SourceSpec):  # type: ignore[attr-defined]
        raise PartError(f'sensor "{name}": its spec is not a SourceSpec')


def check_reading(spec: SourceSpec, reading: Reading) -> None:
    """Refuse a reading that is not of the type and shape its sensor declared."""
    if type(reading) is not spec.reading:
        raise PartError(
            f'sensor "{spec.name}" gave a {type(reading).__name__}; '
            f"its spec says {spec.reading.__name__}"
        )
    for numbers in _arrays(reading):
        shape = np.shape(numbers)
        fits = shape == spec.shape
        if spec.reading is Sound:
            fits = len(shape) == 2 and shape[0] <= spec.shape[0] and shape[1] == spec.shape[1]
        if not fits:
            raise PartError(
                f'sensor "{spec.name}" gave a {spec.reading.__name__} of shape {shape}; '
                f"its spec says {spec.shape}"
            )


def _arrays(reading: Numbers | Any) -> tuple[Any, ...]:
    match reading:
        case Frame():
            return (reading.grey,)
        case Depth():
            return (reading.metres,)
        case Ranges():
            return (reading.metres, reading.bearing_rad)
        case Sound():
            return (reading.samples,)
        case Scalars():
            return (reading.values,)
    return ()
