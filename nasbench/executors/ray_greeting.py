"""Whether a Ray head answers at an address, within seconds: Ray itself would go on trying for much longer."""

import socket
import ssl
from contextlib import suppress

from nasbench.core.errors import UsageError
from nasbench.executors import ray_tls
from nasbench.executors.certificate import is_of, names_of
from nasbench.executors.unfit_tls import FILES, SWITCH

REACH_LIMIT_SECONDS = 3.0
"""How long an address may take to answer."""
SETTINGS = b"\x04"
HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS + b"\0\0\0\0\0"
"""What opens a gRPC connection: the preface and an empty SETTINGS frame, which the server answers with its own (RFC
9113, 3.4).
"""


def answers(head: str) -> bool:
    """Whether a gRPC server answers there."""
    try:
        greet(head)
    except (OSError, ValueError, OverflowError, UsageError):
        return False
    return True


def greet(address: str) -> None:
    """OSError where no gRPC server answers within REACH_LIMIT_SECONDS, or not in the way that Ray's TLS asks for;
    UsageError where the files of that are not fit.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=REACH_LIMIT_SECONDS) as connection:
        if ray_tls.is_on():
            _greet_encrypted(connection, host)
            return
        with suppress(ConnectionError):  # closed, as a server does that speaks TLS alone
            if _is_greeted(connection):
                return
    if _speaks_tls(host, int(port)):
        raise ConnectionError(f"it speaks TLS alone: set {SWITCH}=1 and {', '.join(FILES)} here too")
    raise ConnectionError("something else is listening there")


def _greet_encrypted(connection: socket.socket, host: str) -> None:
    context = ray_tls.context()
    context.set_alpn_protocols(["h2"])
    try:
        inside = context.wrap_socket(connection)
    except ssl.SSLError as error:
        raise ConnectionError(ray_tls.why_refused(error)) from error
    with inside:
        certificate = inside.getpeercert() or {}
        try:
            greeted = _is_greeted(inside)
        except OSError as error:  # the other side looks at our certificate after we have looked at its
            raise ConnectionError(ray_tls.why_left(error)) from error
    if not greeted:
        raise ConnectionError("something else is listening there, or " + ray_tls.why_left(None))
    if not is_of(certificate, host):  # Ray would go on trying
        raise ConnectionError(
            f"its certificate is of {', '.join(names_of(certificate)) or 'nobody'}, and not of {host}"
        )


def _is_greeted(connection: socket.socket) -> bool:
    connection.sendall(HTTP2_GREETING)
    return connection.recv(9)[3:4] == SETTINGS  # the header of a frame; the fourth byte is its type


def _speaks_tls(host: str, port: int) -> bool:
    """Whether TLS is answered there at all, by whomever."""
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with (
        suppress(OSError),
        socket.create_connection((host, port), timeout=REACH_LIMIT_SECONDS) as connection,
        anyone.wrap_socket(connection),
    ):
        return True
    return False
