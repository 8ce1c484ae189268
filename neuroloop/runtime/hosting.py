"""Which parts of a live run have processes of their own."""

from contextlib import ExitStack
from pathlib import Path

from neuroloop.config.runfile import Part, RunFile
from neuroloop.runtime.host.host import Host


def opened(run: RunFile, plant: Part | None, dt_us: int, stack: ExitStack) -> list[Host]:
    """Start them: the plant with the sensors that read it, and each sensor that asks for one."""
    read = [part for part, _ in run.sensors if part.kind.partition(".")[0] == "plant"]
    hosts = []
    if plant is not None:
        box = None if run.run.black_box is None else run.folder / Path(run.run.black_box)
        hosts.append(Host("plant", run, dt_us, plant=plant, sensors=read, black_box=box))
    hosts += [
        Host(part.name, run, dt_us, sensors=[part])
        for part, timing in run.sensors
        if timing.process and part not in read
    ]
    for host in hosts:
        stack.enter_context(host)
    return hosts
