"""Why there is no connection to a broker, in words."""

import ssl

from neuroloop.core.errors import MachineError, NeuroloopError, PartError
from neuroloop.mqtt.settings import Broker

_BAD_PASSWORD, _NOT_AUTHORIZED = 134, 135
"""reason codes of MQTT 5"""


def of_error(error: Exception, broker: Broker) -> NeuroloopError:
    """Return what to say where connecting raised.

    A `PartError` where trying again cannot help, else a `MachineError`.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return PartError(
            f"the certificate of {broker.address} was refused: {error.verify_message};"
            " `tls.ca_file` and `host` have to be those it is for"
        )
    if isinstance(error, ssl.SSLError):
        return PartError(
            f"no encrypted connection with {broker.address}: {error.reason}; is this its port for"
            " TLS?"
        )
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, TimeoutError):
        why = "nothing answers there"
    if isinstance(error, ConnectionResetError) and broker.tls is not None:
        why += "; is this its port for TLS?"
    return MachineError(f"no MQTT broker at {broker.address}: {why}")


def of_reason(code: int, reason: str, broker: Broker) -> PartError:
    """Return what to say where the broker refused a connection."""
    told = f"the broker at {broker.address} refuses"
    if code not in (_BAD_PASSWORD, _NOT_AUTHORIZED):
        return PartError(f"{told}: {reason}")
    if broker.user is None:
        return PartError(
            f"{told} a connection without a name: {reason}; give `user` and `password`"
        )
    return PartError(f'{told} the user "{broker.user}" with this password: {reason}')


def of_silence(broker: Broker, seconds: float) -> MachineError:
    """Return what to say where something listens that says nothing."""
    return MachineError(
        f"no MQTT broker at {broker.address}: it does not answer as one within {seconds:g} s"
    )


def of_rights(topics: list[str], broker: Broker) -> PartError:
    """Return what to say where the broker lets us in, but not read."""
    return PartError(f"the broker at {broker.address} does not let us read {', '.join(topics)}")


def of_loss(reason: str, broker: Broker) -> MachineError:
    """Return what to say where a connection was lost."""
    return MachineError(f"the connection to the broker at {broker.address} was lost: {reason}")
