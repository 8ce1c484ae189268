"""TLS between robot and broker, where `ca_file` of the configuration says who signs for brokers."""

import tls


def context(broker: dict) -> object | None:
    """Return what encrypts a connection, None where it is to be plain text.

    The broker has to show a certificate that the one in the file (DER) has signed, and that is for
    the ``name`` of the configuration.
    """
    if not broker.get("ca_file"):
        return None
    found = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    found.verify_mode = tls.CERT_REQUIRED
    with open(broker["ca_file"], "rb") as file:
        found.load_verify_locations(file.read())
    return found


def wrapped(context: object, plain: object, name: str) -> object:
    """Return an encrypted socket that shakes hands as it is read and written, never waiting."""
    return context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
