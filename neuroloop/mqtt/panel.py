"""A person's line to a robot: how it is, an emergency stop, and the end of one.

Here nothing is in a hurry and one thing is waited for after another, which is what asyncio is for.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import aiomqtt

from neuroloop.core import robot_protocol as protocol
from neuroloop.core.errors import NeuroloopError, PartError
from neuroloop.mqtt import failure
from neuroloop.mqtt.messages import BodyState, body_of
from neuroloop.mqtt.settings import Broker, Login

Verb = Literal["status", "stop", "reset"]
_QUIET = logging.getLogger("neuroloop.mqtt.panel.paho")
_QUIET.setLevel(logging.CRITICAL)  # what goes wrong is said once, in our words


def tell(
    address: tuple[Broker, Login], robot: str, verb: Verb, who: str, patience_s: float
) -> BodyState:
    """Tell a robot to do something, wait until it has, and return what it says of itself then.

    Raises
    ------
    PartError
        Where the broker refuses, or the robot does not do it in time.
    MachineError
        Where there is no broker.
    """
    try:
        return asyncio.run(_told(address, robot, verb, who, patience_s))
    except aiomqtt.MqttError as error:
        raise _in_words(error, address[0]) from error


async def _told(
    address: tuple[Broker, Login], robot: str, verb: Verb, who: str, patience_s: float
) -> BodyState:
    body: BodyState | None = None
    try:
        async with asyncio.timeout(patience_s), _connected(*address) as client:
            await client.subscribe(protocol.topic(robot, protocol.BODY))
            if verb == "stop":
                await _publish(client, robot, protocol.STOP, who=who)
            async for message in client.messages:
                body = body_of(bytes(message.payload))
                if body is None or message.retain:
                    continue
                stopped = bool(body.flags & protocol.EMERGENCY)
                if verb == "status" or stopped == (verb == "stop"):
                    return body
                if verb == "reset":  # again where another stop came in between
                    await _publish(
                        client, robot, protocol.RESET, who=who, boot=body.boot, stop=body.stop
                    )
    except TimeoutError:
        why = "says nothing" if body is None else f"does not obey: {verb}"
        raise PartError(f'robot "{robot}" {why}, for {patience_s:g} s') from None
    raise PartError(f"the broker at {address[0].address} has gone")


@asynccontextmanager
async def _connected(broker: Broker, login: Login) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        broker.host,
        login.port,
        username=login.user,
        password=login.password,
        tls_context=login.tls,
        protocol=aiomqtt.ProtocolVersion.V5,
        logger=_QUIET,
    ) as client:
        yield client


async def _publish(client: aiomqtt.Client, robot: str, name: str, **fields: object) -> None:
    await client.publish(protocol.topic(robot, name), json.dumps(fields), qos=1)


def _in_words(error: aiomqtt.MqttError, broker: Broker) -> NeuroloopError:
    reason: Any = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    if getattr(reason, "is_failure", False):
        return failure.of_reason(reason.value, str(reason), broker)
    cause = error.__cause__ or error.__context__
    return failure.of_error(cause if isinstance(cause, OSError) else error, broker)
