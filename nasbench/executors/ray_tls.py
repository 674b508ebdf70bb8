"""Ray's TLS as its environment variables ask for it: RAY_USE_TLS=1, and three files, the same road for every process.

Each process of Ray is a client of the others and a server for them, so all show a certificate and look at the other
side's. What is wrong with the files is found here in a moment; Ray itself waits, and then ends without a word of them.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.core.errors import UsageError

SWITCH = "RAY_USE_TLS"
CERTIFICATE, KEY, AUTHORITY = "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT"
FILES = {CERTIFICATE: "the certificate of this machine", KEY: "its key", AUTHORITY: "who signs the certificates"}
"""Variable -> the file that it names."""


def is_on() -> bool:
    """Whether Ray is to encrypt what it sends."""
    return os.environ.get(SWITCH, "0").lower() in ("1", "true")


def context(server: bool = False) -> ssl.SSLContext:
    """What a connection of Ray is encrypted with. UsageError names the variable whose file is missing or unfit."""
    files = {variable: _file(variable) for variable in FILES}
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # Ray takes names for addresses too; who signed is what counts
    made.verify_mode = ssl.CERT_REQUIRED
    try:
        made.load_verify_locations(files[AUTHORITY])
    except ssl.SSLError as error:
        raise UsageError(f"{AUTHORITY}={files[AUTHORITY]} is no certificate in PEM form") from error
    try:
        made.load_cert_chain(files[CERTIFICATE], files[KEY], password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"{CERTIFICATE}={files[CERTIFICATE]} and {KEY}={files[KEY]} are no certificate and its key without a "
            f"password, in PEM form ({_reason(error)})"
        ) from error
    return made


def valid_until() -> float:
    """When the certificate ends, in seconds since 1970. UsageError where two processes with these files would not talk
    to each other: what Ray's processes do is done once here, in memory.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(to_client, to_server)
    server = context(server=True).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    try:
        while waiting:
            waiting = [side for side in waiting if not _is_done(side)]
    except ssl.SSLCertVerificationError as error:
        where = os.environ[CERTIFICATE]
        raise UsageError(
            f"{CERTIFICATE}={where} does not pass with {AUTHORITY}={os.environ[AUTHORITY]}: {error.verify_message}"
        ) from error
    except ssl.SSLError as error:
        raise UsageError(f"two processes with the files of Ray's TLS do not talk ({_reason(error)})") from error
    found = client.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(found["notAfter"])))


def names_of(certificate: Mapping[str, Any]) -> list[str]:
    """The addresses and names that a certificate is of."""
    listed = [str(value) for _, value in certificate.get("subjectAltName", ())]
    fields = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return listed or [str(value) for name, value in fields.items() if name == "commonName"]


def why_refused(error: ssl.SSLError) -> str:
    """What is said of a head with which no encrypted connection comes about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not pass with {AUTHORITY}={os.environ[AUTHORITY]}: {error.verify_message}"
    return f"it does not speak TLS, which {SWITCH} asks for here: {_reason(error)}"


def why_left(error: OSError | None) -> str:
    """What is said of a head that ends an encrypted connection at once."""
    told = "it closed the connection" if error is None else _reason(error)
    return f"it does not take the certificate in {CERTIFICATE}={os.environ[CERTIFICATE]} ({told})"


def _file(variable: str) -> str:
    path = os.environ.get(variable, "")
    if not path:
        raise UsageError(f"{SWITCH} is on, and {variable} names no file: {FILES[variable]}")
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        raise UsageError(f"{variable}={path}, {FILES[variable]}, cannot be read: {error.strerror}") from error
    return str(Path(path))


def _is_done(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or error).lower().replace("_", " ")
