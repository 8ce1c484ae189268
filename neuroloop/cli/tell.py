"""``neuroloop tell``: reach a loop that runs on this machine."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from neuroloop.runtime.control_socket import Running

VERBS = ("status", "arm", "disarm", "reset", "stop", "end", "set", "steer", "save", "swap")
_ANSWER_S, _LONG_S = 10.0, 300.0
_STEER_S = 0.05
"""how often a motion is sent; the guard lets one expire after 300 ms"""


def command(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[ROBOT] VERB [ARGUMENTS]",
            help=f"Which loop, where several run; one of {', '.join(VERBS)}; what the verb takes.",
        ),
    ],
    seconds: Annotated[float, typer.Option(min=0.0, help="`steer` goes on for so long.")] = 0.0,
    who: Annotated[str, typer.Option(help="Whom the report will name.")] = "tell",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")] = False,
) -> None:
    """Tell a live run on this machine what to do, or ask how it is.

    For example `neuroloop tell status`, `neuroloop tell arm`, and for an emergency stop
    `neuroloop tell stop`.  Where several loops run: `neuroloop tell navigate disarm`.

    `reset` ends an emergency stop, `end` ends the run.  `neuroloop tell set motor.tau_m_ms=20`
    changes a parameter, `neuroloop tell steer wheels=0.2,-0.2 --seconds 2` drives by hand,
    `neuroloop tell save out/robot.state` writes the network's state, and
    `neuroloop tell swap other.npz` lets another network run, `neuroloop tell swap other.npz loihi1`
    on a chip.

    Exit codes: 0 done, 1 the guard did not obey, 2 wrong words, 4 no loop is running.
    """
    from neuroloop.core.errors import Exit
    from neuroloop.runtime import control_socket

    robot, verb, arguments = _split(words)
    request = {**_request(verb, arguments), "who": who}
    loop = _chosen(robot, control_socket.running())
    patience_s = _LONG_S if verb in ("save", "swap") else _ANSWER_S
    answer = control_socket.ask(loop.path, request, patience_s)
    end = time.monotonic() + seconds
    while verb == "steer" and answer.get("ok") and time.monotonic() < end:
        time.sleep(_STEER_S)
        answer = control_socket.ask(loop.path, request, patience_s)
    if as_json:
        typer.echo(json.dumps(answer))
    elif answer.get("ok"):
        typer.echo(_text(verb, answer))
    else:
        typer.echo(f"{loop.name}: {answer.get('error', 'no answer in words')}", file=sys.stderr)
    raise typer.Exit(int(answer.get("code", Exit.FAULT)))


def _split(words: list[str]) -> tuple[str | None, str, list[str]]:
    """Return robot, verb and arguments; a first word that is a verb is one."""
    from neuroloop.core.errors import ConfigError, nearest

    for at, robot in ((0, None), (1, words[0])):
        if at < len(words) and words[at] in VERBS:
            return robot, words[at], words[at + 1 :]
    raise ConfigError(f'"{" ".join(words)}": no verb{nearest(words[-1], VERBS)}')


def _request(verb: str, arguments: list[str]) -> dict[str, Any]:
    from neuroloop.core.errors import ConfigError

    takes = {
        "set": "POPULATION.PARAMETER=VALUE ..., as in motor.tau_m_ms=20",
        "steer": "LIMB=VALUE,VALUE, as in wheels=0.2,-0.2",
        "save": "FILE",
        "swap": "NETWORK [BACKEND]",
    }
    try:
        match verb, arguments:
            case "set", [_, *_]:
                return {"do": verb, **_parameters(arguments)}
            case "steer", [one]:
                limb, _, values = one.partition("=")
                return {"do": verb, "limb": limb, "values": [float(v) for v in values.split(",")]}
            case "save", [path]:
                return {"do": verb, "path": str(Path(path).absolute())}
            case "swap", [network]:
                return {"do": verb, "network": _located(network)}
            case "swap", [network, backend]:
                return {"do": verb, "network": _located(network), "backend": backend}
            case _, [] if verb not in takes:
                return {"do": verb}
    except ValueError as error:
        raise ConfigError(f"tell {verb}: {error}; it takes {takes[verb]}") from error
    raise ConfigError(f"tell {verb}: it takes {takes.get(verb, 'nothing else')}")


def _parameters(arguments: list[str]) -> dict[str, Any]:
    """Return population and parameters of ``population.parameter=value`` texts."""
    populations, parameters = set(), {}
    for argument in arguments:
        place, equals, value = argument.partition("=")
        population, dot, name = place.rpartition(".")
        if not (equals and dot and population and name):
            raise ValueError(f'"{argument}" is no setting')
        populations.add(population)
        parameters[name] = _value(value)
    if len(populations) > 1:
        raise ValueError("one population at a time")
    return {"population": populations.pop(), "parameters": parameters}


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _located(network: str) -> str:
    """Return a network's name with the place of its file, where that is seen from here."""
    file, colon, build = network.partition(":")
    return f"{Path(file).absolute()}{colon}{build}" if Path(file).exists() else network


def _chosen(robot: str | None, running: "list[Running]") -> "Running":
    """Return the only loop of a name, which may be given with its process, as in rover-1234."""
    from neuroloop.core.errors import ConfigError, MachineError, nearest

    if not running:
        raise MachineError("no live run of yours is on this machine; `neuroloop run` starts one")
    names = {f"{loop.name}-{loop.pid}": loop for loop in running}
    if robot in names:
        return names[robot]
    found = [loop for loop in running if robot in (None, loop.name)]
    if not found:
        known = {loop.name for loop in running}
        raise ConfigError(f'no run "{robot}"{nearest(str(robot), known)}')
    if len(found) > 1:
        raise ConfigError(f"several runs: {', '.join(names)}; say which one first")
    return found[0]


def _text(verb: str, answer: dict[str, Any]) -> str:
    """Return an answer in lines."""
    lines = [str(answer.get("answer", "done"))]
    if verb == "status":
        lines.append(f"  run time  {answer['run_s']:.2f} s, tick {answer['tick']:,}")
        lines.append(f"  missed    {answer['missed_ticks']:,} ticks")
        guard = answer["guard"]
        if guard:
            lines.append(f"  guard     {guard['stops']} stops, {guard['refused']} orders refused")
        for name, limit in answer["limits"].items():
            lines.append(f"  limit     {name} {_limit(limit)}")
        for name, age_s in answer["sensors"].items():
            age = "nothing yet" if age_s is None else f"{1e3 * age_s:.0f} ms old"
            lines.append(f"  sensor    {name}, {age}")
    return "\n".join(lines)


def _limit(limit: object) -> str:
    if isinstance(limit, dict):
        return ", ".join(f"{channel} {most:g} m/s" for channel, most in limit.items())
    return "none" if limit is None else f"{limit:g} m/s"
