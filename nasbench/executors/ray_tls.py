"""Ray's TLS as its environment variables ask for it: RAY_USE_TLS=1, and three files, the same road for every process.

Each process of Ray is a client of the others and a server for them, so all show a certificate and look at the other
side's. What is wrong with the files is found here in a moment; Ray itself waits, and then ends without a word of them.
"""

import os
import ssl
from collections.abc import Sequence

from nasbench.executors.certificate import first_in, is_of, unfit_for
from nasbench.executors.unfit_tls import (
    AUTHORITY,
    CERTIFICATE,
    FILES,
    KEY,
    SWITCH,
    Unfit,
    check_form,
    check_mark,
    check_there,
    how_to_make,
    named,
    not_passing,
    of_a_pair,
    of_another,
    reason_of,
    text_of,
)

ON, OFF = ("1", "true"), ("", "0", "false", "no", "off")
"""The words that Ray takes for on, and those that mean off: it takes every other word for off too."""


def is_on() -> bool:
    """Whether Ray is to encrypt what it sends."""
    return os.environ.get(SWITCH, "0").lower() in ON


def check_switch() -> None:
    """Unfit where the switch holds a word that somebody may have meant as on, and that Ray takes for off."""
    word = os.environ.get(SWITCH, "0")
    if word.lower() not in (*ON, *OFF):
        raise Unfit(
            f"{SWITCH}={word} encrypts nothing: Ray takes 1 and true for on, and every other word for off",
            f"Set {SWITCH}=1 wherever Ray or nasbench is started, or {SWITCH}=0 where nothing is to be encrypted.",
        )


def context(server: bool = False) -> ssl.SSLContext:
    """What a connection of Ray is encrypted with. Unfit names the variable whose file is missing or wrong."""
    for variable in FILES:
        check_there(variable)
        check_mark(variable)
    for variable in (AUTHORITY, CERTIFICATE):
        check_form(variable)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False  # names are compared as gRPC does it, by `is_of`
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(os.environ[AUTHORITY])
    try:
        made.load_cert_chain(os.environ[CERTIFICATE], os.environ[KEY], password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise of_a_pair(error) from error
    return made


def valid_until(hosts: Sequence[str] = ()) -> float:
    """When the certificate ends, in seconds since 1970. Unfit where two processes with these files would not talk to
    each other at the addresses `hosts`: what Ray's processes do is done once here, in memory.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = context()
    if (reason := unfit_for(first_in(text_of(CERTIFICATE)))) is not None:
        raise Unfit(f"{named(CERTIFICATE)} {reason}", how_to_make(*hosts))
    client = ours.wrap_bio(to_client, to_server)
    server = context(server=True).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    try:
        while waiting:
            waiting = [side for side in waiting if not _is_done(side)]
    except ssl.SSLCertVerificationError as error:
        raise not_passing(error, ours.get_ca_certs()) from error
    except ssl.SSLError as error:
        told = f"two processes with the files of Ray's TLS do not talk ({reason_of(error)})"
        raise Unfit(told, how_to_make(*hosts)) from error
    found = client.getpeercert() or {}
    if lacking := [host for host in hosts if not is_of(found, host)]:
        raise of_another(found, lacking)
    return float(ssl.cert_time_to_seconds(str(found["notAfter"])))


def why_refused(error: ssl.SSLError) -> str:
    """What is said of a head with which no encrypted connection comes about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not pass with {named(AUTHORITY)}: {error.verify_message}"
    return f"it does not speak TLS, which {SWITCH} asks for here: {reason_of(error)}"


def why_left(error: OSError | None) -> str:
    """What is said of a head that ends an encrypted connection at once."""
    told = "it closed the connection" if error is None else reason_of(error)
    return f"it does not take the certificate in {named(CERTIFICATE)} ({told})"


def _is_done(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
