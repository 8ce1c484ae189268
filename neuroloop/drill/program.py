"""``python -m neuroloop.drill.program``: a robot run by a program that has an emergency stop.

It plays a run file as ``neuroloop run RUNFILE --json`` does, with a companion of its own.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from neuroloop.config import runfile
from neuroloop.core.safety import Order
from neuroloop.drill.parts.trigger import Trigger
from neuroloop.report.meter import Meter
from neuroloop.report.summary import summary
from neuroloop.runtime.companion import again
from neuroloop.runtime.control import Control
from neuroloop.runtime.loop import Loop
from neuroloop.runtime.session import played

WHO = "a program"
_LOOK_S = 5e-3


def supervisor(loop: Loop, trigger: Trigger) -> AbstractContextManager[None]:
    """Return a companion that gives an emergency stop while its trigger says ``press``."""

    def look() -> None:
        if trigger.word == "press":
            loop.orders.give(Order.STOP, WHO, loop.next_index * loop.dt_us)

    return again("supervisor", _LOOK_S, look)


def main(arguments: Sequence[str]) -> int:
    """Run; returns the exit code of the run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runfile")
    parser.add_argument("--json", action="store_true", required=True)
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--trigger", type=Path, required=True)
    options = parser.parse_args(arguments)
    run, meter = runfile.load(options.runfile, options.changes), Meter()

    def companions(loop: Loop) -> list[AbstractContextManager[object]]:
        return [Control(loop, "program"), supervisor(loop, Trigger(options.trigger))]

    with played(run, lambda _: [meter], companions) as session:
        result = summary(session, meter)
    print(json.dumps(result.as_json()))  # noqa: T201
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
