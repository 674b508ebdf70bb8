"""What a certificate is of and for, as the gRPC in Ray judges it. Python's own `ssl` looks at less, and in other ways:
it takes keys that gRPC cannot use, and says nothing of what a certificate may be used for.

A certificate is DER (X.690): nested (tag, length, content), read here as far as RFC 5280 says where those fields lie.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

IDENTIFIER, EXPLICIT_0, EXPLICIT_3 = 0x06, 0xA0, 0xA3
KEY_USAGE, EXTENDED_KEY_USAGE = b"\x55\x1d\x0f", b"\x55\x1d\x25"  # 2.5.29.15 and .37 (RFC 5280, 4.2.1.3 and .12)
DIGITAL_SIGNATURE = 0x80
PURPOSES = {
    b"\x2b\x06\x01\x05\x05\x07\x03\x01": "server authentication (serverAuth)",
    b"\x2b\x06\x01\x05\x05\x07\x03\x02": "client authentication (clientAuth)",
}
"""Each process of Ray is both."""
UNKNOWN_KEYS = {
    b"\x2b\x65\x70": "Ed25519",
    b"\x2b\x65\x71": "Ed448",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a": "RSA-PSS",
    b"\x2b\x81\x04\x00\x23": "the curve P-521",
    b"\x2b\x81\x04\x00\x0a": "the curve secp256k1",
}
"""Kinds of keys that OpenSSL makes, and with which gRPC makes no connection."""


def names_of(certificate: Mapping[str, Any]) -> list[str]:
    """The addresses and names that a certificate, as `getpeercert()` returns it, is of; its common name where it has
    no others.
    """
    listed = [_plain(str(value)) for _, value in certificate.get("subjectAltName", ())]
    fields = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return listed or [str(value) for name, value in fields.items() if name == "commonName"]


def is_of(certificate: Mapping[str, Any], host: str) -> bool:
    """Whether gRPC takes it for the certificate of a host: an address must be among the subject's alternative names as
    it is, a name may be matched by a `*` in the place of its first part, or by the common name where there are no
    others.
    """
    host = _plain(host).lower().rstrip(".")
    names = [name.lower().rstrip(".") for name in names_of(certificate)]
    if is_address(host):
        return host in names and "subjectAltName" in certificate
    _, _, domain = host.partition(".")
    return host in names or ("." in domain and f"*.{domain}" in names)


def unfit_for(der: bytes) -> str | None:
    """Why gRPC makes no connection with a certificate, whoever signed it; None where it does. `der` is all of it."""
    body = list(_inside(_first(_first(der))))
    fields = [content for tag, content in body if tag != EXPLICIT_0]
    key = _first(fields[5])  # after the number, the algorithm, the issuer, the dates and the subject
    for tag, content in _inside(key):
        if tag == IDENTIFIER and content in UNKNOWN_KEYS:
            return f"has a key of {UNKNOWN_KEYS[content]}, with which Ray makes no connection"
    extensions = {
        _first(content): list(_inside(content))[-1][1]
        for tag, wrapped in body
        if tag == EXPLICIT_3
        for _, content in _inside(_first(wrapped))
    }
    if EXTENDED_KEY_USAGE in extensions:
        named = [content for _, content in _inside(_first(extensions[EXTENDED_KEY_USAGE]))]
        if lacking := [text for purpose, text in PURPOSES.items() if purpose not in named]:
            return f"names what it may be used for (extendedKeyUsage) and leaves out {' and '.join(lacking)}"
    if KEY_USAGE in extensions:
        bits = _first(extensions[KEY_USAGE])[1:]  # the first byte counts the bits that are not used
        if not bits or not bits[0] & DIGITAL_SIGNATURE:
            return "names what its key may be used for (keyUsage) and leaves out digitalSignature"
    return None


def first_in(pem: str) -> bytes:
    """The first certificate of a file's text, as DER. ValueError where there is none."""
    begin, end = pem.index(ssl.PEM_HEADER), pem.index(ssl.PEM_FOOTER)
    return ssl.PEM_cert_to_DER_cert(pem[begin : end + len(ssl.PEM_FOOTER)])


def _inside(der: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each value that lies side by side in some bytes."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:  # that many bytes hold the length
            wide = length & 0x7F
            length, at = int.from_bytes(der[at : at + wide], "big"), at + wide
        yield tag, der[at : at + length]
        at += length


def _first(der: bytes) -> bytes:
    """The content of the first of them."""
    return next(_inside(der))[1]


def _plain(name: str) -> str:
    """An address in the one way in which it is compared: there are many of one of IPv6."""
    with suppress(ValueError):
        return str(ip_address(name))
    return name


def is_address(name: str) -> bool:
    """Whether a host is named by its address."""
    with suppress(ValueError):
        ip_address(name)
        return True
    return False
