"""Everything one process of a host is made of, from the plain data that says so."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from neuroloop.config.runfile import Part
from neuroloop.core.black_box import BlackBox
from neuroloop.core.errors import ConfigError
from neuroloop.core.ports import Plant, Site
from neuroloop.runtime.feed import Feed
from neuroloop.runtime.host import parts, wire
from neuroloop.runtime.host.body import LiveBody
from neuroloop.runtime.host.memory import Shared
from neuroloop.runtime.host.sensor import HostedSensor, Tell
from neuroloop.runtime.host.wire import Build, Built, PartData
from neuroloop.runtime.transducing import Transducing, rehearse


@dataclass(frozen=True)
class Assembly:
    """The open parts."""

    sensors: list[HostedSensor]
    build: Build
    stack: ExitStack
    """what is opened later is entered here"""
    plant: Plant | None = None
    body: LiveBody | None = None

    @property
    def built(self) -> Built:
        """What the host has to know of them."""
        plant, body = self.plant, self.body
        return Built(
            [wire.spec_data(s.spec) for s in self.sensors],
            [s.finite for s in self.sensors],
            plant.body if plant is not None else None,
            plant.world if plant is not None else None,
            body.pace_us if body is not None else 0,
        )

    def transducing(
        self, encoders: Sequence[PartData], sensor: HostedSensor, feeds: Mapping[str, Feed]
    ) -> list[Transducing]:
        """Build those of the encoders that work at a sensor."""
        path = Path(self.build.path)
        found = []
        for data in encoders:
            part = parts.decoded(data, path)
            if part.config.input == sensor.name:
                site = replace(_site(self.build, part, None), source=sensor.spec)
                built = parts.opened(part, site, path, self.stack)
                rehearse(built, sensor.spec)
                found.append(Transducing(part.name, built, feeds[f"encoder.{part.name}"]))
        return found


def assembled(
    build: Build, shared: Shared, stack: ExitStack, tell: Tell, coming: Callable[[str], None]
) -> Assembly:
    """Build and open all parts; ``coming`` is told which one comes next.

    Raises
    ------
    NeuroloopError
        What a part raised, as it would have been raised without a process of its own.
    """
    path = Path(build.path)
    plant, step_us = None, build.dt_us
    if build.plant is not None:
        coming("plant")
        part = parts.decoded(build.plant, path)
        plant = parts.opened(part, _site(build, part, None), path, stack)
        step_us = getattr(part.config, "step_us", step_us)
    sensors = []
    for number, data in enumerate(build.sensors):
        coming(f'sensor "{data.name}"')
        part = parts.decoded(data, path)
        opened = partial(parts.opened, part, _site(build, part, plant), path)
        sensor = HostedSensor(part.name, opened, shared.sensor(number), shared.words)
        stack.callback(sensor.close)
        sensors.append(sensor)
    if plant is None:
        return Assembly(sensors, build, stack)
    box = None if build.black_box is None else BlackBox(Path(build.black_box))
    body = LiveBody(plant, step_us, sensors, shared, tell, box)
    for sensor in sensors:
        _check_rate(sensor, body.pace_us, f"{path}: [sensor.{sensor.name}]")
    return Assembly(sensors, build, stack, plant, body)


def _site(build: Build, part: Part, plant: Plant | None) -> Site:
    folder = Path(build.path).parent
    return Site(part.name, build.seed, build.dt_us, folder, plant, role=part.role)


def _check_rate(sensor: HostedSensor, pace_us: int, where: str) -> None:
    most_hz = 1e6 / pace_us
    if sensor.spec.rate_hz > most_hz * (1 + 1e-9):
        raise ConfigError(
            f"{where}: `rate_hz`: {sensor.spec.rate_hz:g}; in real time a plant is read every "
            f"{pace_us} us: at most {most_hz:g} is wanted"
        )
