"""What the twin has to be like, so that it fits a run file of a robot behind a broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroloop.config import body, runfile
from neuroloop.config.runfile import Part, RunFile
from neuroloop.core.errors import ConfigError


@dataclass(frozen=True)
class Setting:
    """A run file, and the options of ``python -m sims.twin`` that go with it."""

    run: RunFile
    changes: Sequence[str]
    range_name: str
    """sensor of the run file that is the twin's range finder"""
    twin: Sequence[str]

    def broker(self, port: int) -> list[str]:
        """Return the changes that lead every part to a broker on this machine."""
        found = []
        for part in _over_mqtt(self.run):
            place = f"{part.role}.{part.name}.broker"
            found += [f"{place}.host=127.0.0.1", f"{place}.port={port}"]
        return found


def setting(name: str, changes: Sequence[str]) -> Setting:
    """Read a run file.

    Raises
    ------
    ConfigError
        Where it is not about one robot over MQTT with a range finder that its body has.
    """
    run = runfile.load(name, changes)
    robots = {part.config.robot for part in _over_mqtt(run) if part.config.robot}
    wheels = [part for part in run.actuators if part.kind == "mqtt"]
    if len(robots) != 1 or len(wheels) != 1 or run.clock.kind != "wall":
        raise ConfigError(
            f'{run.path}: one robot over MQTT is wanted, with one [actuator] of kind "mqtt" and'
            ' [clock] kind = "wall", as in navigate_hardware'
        )
    rates = {part.kind: part.config.rate_hz for part, _ in run.sensors}
    scans = [part for part, _ in run.sensors if part.kind == "mqtt.range"]
    twin = ["--robot", *robots, "--body", wheels[0].config.body]
    twin += ["--odometry-hz", str(rates.get("mqtt.odometry", 0))]
    twin += ["--goal-hz", str(rates.get("mqtt.scalars", 0))]
    if len(scans) != 1:
        raise ConfigError(f'{run.path}: one [sensor] of kind "mqtt.range" is wanted')
    twin += ["--range-hz", str(scans[0].config.rate_hz)]
    twin += ["--mount", _mount(scans[0], wheels[0], run.path)]
    return Setting(run, changes, scans[0].name, twin)


def _over_mqtt(run: RunFile) -> list[Part]:
    parts = [*(part for part, _ in run.sensors), *run.actuators]
    return [part for part in parts if part.kind.partition(".")[0] == "mqtt"]


def _mount(scan: Part, wheels: Part, path: Path) -> str:
    """Return the range finder of the body that has as many beams."""
    there = body.load(wheels.config.body, path.parent, f"{path}: {wheels.where}").lidar
    beams = scan.config.beams
    for mount, lidar in there.items():
        if (lidar.beams, lidar.fov_deg) == (beams, scan.config.fov_deg):
            return mount
    known = ", ".join(f"{name} {lidar.beams}" for name, lidar in there.items())
    raise ConfigError(f"{path}: {scan.where}: `beams`: {beams}; the body has {known}")
