"""``neuroloop bench hardware``: a broker of one's own, and a drive, or one for each pair."""

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from neuroloop.bench.firmware.broker import Broker
from neuroloop.bench.hardware.drive import Drive, Way, drive
from neuroloop.bench.hardware.setting import setting
from neuroloop.config import resolve, world_file
from neuroloop.core.ending import told_to_end
from neuroloop.core.errors import ConfigError, MachineError

_PRIORITY = 55
"""of SCHED_FIFO, for the broker: it stands for a machine of its own, as the twin does"""


@dataclass(frozen=True)
class Task:
    """What is driven, and how often."""

    run_file: str = "navigate_hardware"
    plant: str = "plane"
    world: str = "boxes"
    pairs: str = ""
    """FIRST:LAST of a world file; "" is the world's own start and goal"""
    seed: int = 0
    seconds: float = 100.0
    changes: Sequence[str] = ()


def drives(task: Task, done: Callable[[Drive], None] = lambda _: None) -> list[Drive]:
    """Drive, one pair after another, and leave no process and no file behind.

    Raises
    ------
    ConfigError
        Where the run file is not about a robot over MQTT, or there are no such pairs.
    MachineError
        Where Mosquitto or the plant is missing.
    """
    found: list[Drive] = []
    _check_plant(task.plant)
    chosen, ways = setting(task.run_file, task.changes), ways_of(task)
    with told_to_end(), tempfile.TemporaryDirectory(prefix="neuroloop-") as name:
        folder = Path(name)
        with Broker(folder) as broker:
            with suppress(OSError):  # it forwards a little later without
                os.sched_setscheduler(broker.pid, os.SCHED_FIFO, os.sched_param(_PRIORITY))
            for way in ways:
                found.append(drive(chosen, way, broker.port, folder))
                done(found[-1])
    return found


def _check_plant(kind: str) -> None:
    module = resolve.module("plant", kind, Path(), "--plant")
    reason = module.unavailable() if hasattr(module, "unavailable") else None
    if reason is not None:
        raise MachineError(f"--plant {kind}: {reason}")


def ways_of(task: Task) -> list[Way]:
    """Return what is to be driven.

    Raises
    ------
    ConfigError
        Where there are no such pairs.
    """
    # a scan of 720 of PyBullet's rays takes longer than real time allows
    fast = ["lidar=outlines"] if task.plant == "bullet" else []
    way = Way(task.plant, task.world, task.seed, task.seconds, changes=fast)
    if not task.pairs:
        return [way]
    if not task.world.endswith(".npz"):
        raise ConfigError(f"--pairs {task.pairs}: --world has to be a world file, .npz")
    file = world_file.load(Path(task.world), "--world")
    first, _, last = task.pairs.partition(":")
    try:
        chosen = range(len(file.starts))[int(first or 0) : int(last or len(file.starts))]
    except ValueError:
        chosen = range(0)
    if not chosen:
        raise ConfigError(
            f"--pairs {task.pairs}: FIRST:LAST is wanted, within 0:{len(file.starts)}"
        )
    return [
        replace(way, start=file.starts[i].tolist(), goal=file.goals[i].tolist(), seed=task.seed + i)
        for i in chosen
    ]
