"""Which file of Ray's TLS is wrong, in what, and what to do about that one."""

import os
import shlex
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import time
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.plain_file import no_file
from nasbench.executors.certificate import first_in, is_address, names_of

SWITCH = "RAY_USE_TLS"
CERTIFICATE, KEY, AUTHORITY = "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT"
FILES = {CERTIFICATE: "the certificate of this machine", KEY: "its key", AUTHORITY: "who signs the certificates"}
"""Variable -> the file that it names."""
LOOPBACK = "127.0.0.1"
"""Where Ray that nasbench starts on this machine listens."""
SOME_ADDRESS = "192.0.2.1", 9
"""Of nobody (RFC 5737): nothing is sent there."""
MOST_READ = 10 * 2**20
"""Characters of a file that are read: a bundle of authorities is smaller."""
EXPIRED, TOO_EARLY, NO_AUTHORITY = 10, 9, (24, 79)
SIGNED_BY_ANOTHER = (2, 7, 18, 19, 20, 21)
"""Codes of OpenSSL for a certificate that does not pass (openssl-verification-options)."""


class Unfit(UsageError):
    """Ray's TLS does not work as it is set up: what was found (`told`), and what to do (`remedy`)."""

    def __init__(self, told: str, remedy: str) -> None:
        super().__init__(f"{told}. {remedy}")
        self.told, self.remedy = told, remedy


def named(variable: str) -> str:
    """'RAY_TLS_CA_CERT=/tls/ca.crt'."""
    return f"{variable}={os.environ.get(variable, '')}"


def text_of(variable: str) -> str:
    """What its file holds, as far as it is text."""
    with open(os.environ[variable], encoding="utf-8", errors="replace") as file:
        return file.read(MOST_READ)


def reason_of(error: Exception) -> str:
    """OpenSSL's reason in small letters: 'key values mismatch'."""
    return str(getattr(error, "reason", None) or error).lower().replace("_", " ")


def own_address() -> str:
    """The address of this machine in its network, which Ray takes for it in a cluster; else that of the loopback."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(SOME_ADDRESS)
        return str(asked.getsockname()[0])
    return LOOPBACK


def check_there(variable: str) -> None:
    """Unfit where a variable names no file that can be read."""
    path = os.environ.get(variable, "")
    if not path:
        told = f"{SWITCH} is on, and {variable} names no file: {FILES[variable]}"
        raise Unfit(told, f"Set {variable} to its path, or {SWITCH}=0 where nothing is to be encrypted.")
    remedy = f"Put it there, readable by this user, or set {variable} to where it lies."
    try:
        if kind := no_file(path):
            raise Unfit(f"{variable}={path}, {FILES[variable]}, is {kind}, and must be a file", remedy)
        with open(path, "rb") as file:
            file.read(1)
    except OSError as error:
        told = f"{variable}={path}, {FILES[variable]}, cannot be read: {error.strerror}"
        raise Unfit(told, remedy) from error


def check_mark(variable: str) -> None:
    """Unfit where its file begins with a byte order mark: OpenSSL reads on behind it, and gRPC finds nothing there."""
    if text_of(variable).startswith("\ufeff"):
        told = f"{named(variable)}, {FILES[variable]}, begins with a byte order mark, behind which Ray finds nothing"
        copy = f"tail -c +4 {shlex.quote(os.environ[variable])} > copy.pem"
        raise Unfit(told, f"Name a copy without these three bytes, for its owner alone if it is the key: {copy}")


def check_form(variable: str) -> None:
    """Unfit where its file holds no certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(os.environ[variable])
        if variable == CERTIFICATE:
            first_in(text_of(variable))
    except (ssl.SSLError, ValueError) as error:
        also = ", but a key" if "PRIVATE KEY-----" in text_of(variable) else ""
        remedy = f"Set {variable} to {FILES[variable]}: a text file with the line {ssl.PEM_HEADER}."
        raise Unfit(f"{named(variable)} is no certificate in PEM form{also}", remedy) from error


def of_a_pair(error: Exception) -> Unfit:
    """Which of a certificate and its key is wrong, where the two are not taken together."""
    reason, key = reason_of(error), text_of(KEY)
    if "too small" in reason or "too weak" in reason:
        return Unfit(f"{named(CERTIFICATE)} is too weak ({reason})", how_to_make())
    if "PRIVATE KEY-----" not in key:
        also = ", but a certificate" if ssl.PEM_HEADER in key else ""
        remedy = f"Set {KEY} to the key of {named(CERTIFICATE)}: a text file with a line such as"
        return Unfit(f"{named(KEY)} is no key in PEM form{also}", f"{remedy} -----BEGIN PRIVATE KEY-----.")
    if "ENCRYPTED" in key:
        copy = f"openssl pkey -in {shlex.quote(os.environ[KEY])} -out node.key"
        return Unfit(f"{named(KEY)} has a password, which Ray never asks for", f"Name a copy without: {copy}")
    if "mismatch" in reason:
        told = f"{named(KEY)} is not the key of {named(CERTIFICATE)} ({reason})"
        return Unfit(told, f"Name two files that were made together. {how_to_make()}")
    return Unfit(f"{named(KEY)} is damaged, or no key of a kind that is known ({reason})", how_to_make())


def not_passing(error: ssl.SSLCertVerificationError, authorities: Sequence[Mapping[str, Any]]) -> Unfit:
    """Why a certificate does not pass with `authorities`, those in the file, as `get_ca_certs()` returns them."""
    code, reason = error.verify_code, error.verify_message
    told = f"{named(CERTIFICATE)} does not pass with {named(AUTHORITY)}: {reason}"
    if code in NO_AUTHORITY:
        return Unfit(f"{named(AUTHORITY)} is not the certificate of an authority ({reason})", how_to_found())
    if code == EXPIRED and authorities and all(_ended(each) for each in authorities):
        return Unfit(f"{named(AUTHORITY)}: the certificate of the authority has expired", how_to_found())
    if code == TOO_EARLY:
        return Unfit(told, "Look whether the clock of this machine, or of the one that made it, is right.")
    if code in SIGNED_BY_ANOTHER:
        remedy = f"It was signed by somebody else: set {AUTHORITY} to the certificate of that authority on every node."
        return Unfit(told, f"{remedy} Or: {how_to_make()}")
    return Unfit(told, how_to_make())


def of_another(certificate: Mapping[str, Any], hosts: Sequence[str]) -> Unfit:
    """A certificate, as `getpeercert()` returns it, that lacks the addresses `hosts`."""
    lacking = " and ".join(hosts)
    if "subjectAltName" not in certificate:
        told = f"{named(CERTIFICATE)} has no subjectAltName, where Ray looks for {lacking}"
    else:
        of = ", ".join(names_of(certificate))
        told = f"{named(CERTIFICATE)} is of {of}, and not of {lacking}, the address of Ray on this machine"
    return Unfit(told, how_to_make(*hosts))


def how_to_make(*hosts: str) -> str:
    """What to do where a certificate is to be made anew: docs/cluster.md has the same line."""
    every = dict.fromkeys((*hosts, own_address(), LOOPBACK))
    names = ",".join(f"{'IP' if is_address(host) else 'DNS'}:{host}" for host in every)
    authority, key, certificate = (shlex.quote(os.environ.get(name, "")) for name in (AUTHORITY, KEY, CERTIFICATE))
    return (
        "Make one of this machine, signed by the authority that every node names (OpenSSL 3; ca.key is its key): "
        f"openssl req -x509 -CA {authority} -CAkey ca.key -newkey rsa:3072 -nodes -days 365 -subj /CN=node "
        f"-addext subjectAltName={names} -addext basicConstraints=CA:FALSE -keyout {key} -out {certificate}"
    )


def how_to_found() -> str:
    """What to do where the authority is to be made anew."""
    file = shlex.quote(os.environ.get(AUTHORITY, ""))
    return (
        "Make an authority (openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj /CN=authority -keyout ca.key "
        f"-out {file}), sign the certificate of every node with it, and name it on all of them (docs/cluster.md, "
        "Encrypted)."
    )


def _ended(certificate: Mapping[str, Any]) -> bool:
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) < time()
