"""What a run says of a fault: while it lives, and at its end."""

import math
from collections.abc import Mapping
from typing import Any

from neuroloop.core.errors import Exit
from neuroloop.drill.robot import AnyRobot, Outcome


def status(robot: AnyRobot) -> list[str]:
    """Return what the loop says of itself through its control socket."""
    answer = robot.ask("status").get("answer")
    return [str(answer)] if answer else []


def ended_with(outcome: Outcome, exit_code: int | None) -> list[str]:
    """Return what is wrong with a run's exit code, or with its report where it owes one."""
    if outcome.exit_code != exit_code:
        return [f"exit code {outcome.exit_code}, not {exit_code}: {outcome.errors.strip()[-300:]}"]
    if exit_code == Exit.INTERRUPTED and not outcome.report:
        return ["it left no report"]
    return []


def told(outcome: Outcome, since_s: float = 0.0) -> list[str]:
    """Return what a run said at its end: in its report, of ``since_s`` and later, and on stderr."""
    report = outcome.report
    lines = said(report, since_s)
    safety = report.get("safety") or {}
    lines += [str(safety["text"])] if "text" in safety else []
    lines += [f"ended: {report['ended']}"] if "ended" in report else []
    return lines + outcome.errors.strip().splitlines()


def said(report: Mapping[str, Any], begin_s: float, end_s: float = math.inf) -> list[str]:
    """Return what a report kept of what was said in [begin, end) of run time."""
    lines = [str(line) for line in (report.get("live") or {}).get("said", ())]
    return [line for line in lines if begin_s <= float(line.partition(" s: ")[0]) < end_s]
