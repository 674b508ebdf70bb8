"""The files of Ray's TLS, and how a head is greeted by it: servers of this process, no Ray."""

import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from nasbench.core.errors import UsageError
from nasbench.engine.doctor.tls import tls
from nasbench.executors import ray_tls
from nasbench.executors.certificate import is_of
from nasbench.executors.ray_cluster import RayCluster
from nasbench.executors.ray_greeting import SETTINGS, answers, greet
from nasbench.executors.unfit_tls import (
    AUTHORITY,
    CERTIFICATE,
    FILES,
    KEY,
    SWITCH,
    how_to_found,
    how_to_make,
    own_address,
)
from unit.certificates import Authority, Key

HERE = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    for name in (SWITCH, *FILES):
        monkeypatch.delenv(name, raising=False)
    return Authority(tmp_path / "certificates")


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ray.is_initialized", lambda: False)  # other tests may have left theirs


@contextmanager
def head(context: ssl.SSLContext | None) -> Iterator[str]:
    """Something that answers each greeting as a gRPC server does."""
    with socket.create_server((HERE, 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    inside = connection if context is None else context.wrap_socket(connection, server_side=True)
                    with inside:
                        if inside.recv(24).startswith(b"PRI"):
                            inside.sendall(b"\0\0\0" + SETTINGS + b"\0\0\0\0\0")
                        else:
                            inside.recv(1000)
                except OSError:
                    connection.close()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"{HERE}:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_head_is_greeted_in_the_way_that_the_variables_ask_for(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with head(None) as plain:
        greet(plain)
        use(monkeypatch, authority.variables("node", HERE))
        with head(ray_tls.context(server=True)) as encrypted:
            greet(encrypted)
            assert answers(encrypted)
            with pytest.raises(ConnectionError, match="does not speak TLS, which RAY_USE_TLS asks for here"):
                greet(plain)
            assert not answers(plain)
            use(monkeypatch, authority.variables("other", "127.0.0.2"))
            told = r"its certificate is of localhost, 127\.0\.0\.2, and not of 127\.0\.0\.1"
            with head(ray_tls.context(server=True)) as another, pytest.raises(ConnectionError, match=told):
                greet(another)
            use(monkeypatch, Authority(tmp_path / "elsewhere").variables("stranger", HERE))
            with pytest.raises(ConnectionError, match="its certificate does not pass with RAY_TLS_CA_CERT="):
                greet(encrypted)
            monkeypatch.setenv("RAY_TLS_CA_CERT", str(authority.file))
            with pytest.raises(ConnectionError, match="does not take the certificate in RAY_TLS_SERVER_CERT="):
                greet(encrypted)
            monkeypatch.setenv("RAY_USE_TLS", "0")
            with pytest.raises(ConnectionError, match="speaks TLS alone: set RAY_USE_TLS=1"):
                greet(encrypted)


def test_the_doctor_says_until_when_the_certificate_holds(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (off,) = tls()
    assert (off.state, "off" in off.told) == ("ok", True)
    use(monkeypatch, authority.variables("node", HERE, own_address(), days=90))
    (on,) = tls()
    assert on.state == "ok"
    assert datetime.fromtimestamp(ray_tls.valid_until(), UTC).strftime("%Y-%m-%d") in on.told
    use(monkeypatch, authority.variables("short", HERE, days=3))
    (soon,) = tls()
    assert (soon.state, "valid until" in soon.told) == ("note", True)
    monkeypatch.setenv("RAY_USE_TLS", "0")
    (forgotten,) = tls()
    assert (forgotten.state, "Set RAY_USE_TLS=1" in forgotten.remedy) == ("note", True)


def test_files_that_are_not_fit_are_named(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, other = authority.variables("node", HERE), authority.variables("other", HERE)
    words = tmp_path / "words"
    words.write_text("no certificate")
    pipe, trusted, locked = tmp_path / "pipe", tmp_path / "trusted.crt", tmp_path / "locked.key"
    os.mkfifo(pipe)
    trusted.write_text(Path(good[CERTIFICATE]).read_text().replace("CERTIFICATE-----", "TRUSTED CERTIFICATE-----"))
    key = serialization.load_pem_private_key(Path(good[KEY]).read_bytes(), None)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(pem, form, serialization.BestAvailableEncryption(b"secret")))
    for changed, told, remedy in (
        ({AUTHORITY: ""}, "RAY_TLS_CA_CERT names no file", "Set RAY_TLS_CA_CERT to its path"),
        ({KEY: str(tmp_path / "none")}, "cannot be read: No such file", "Put it there"),
        ({KEY: str(tmp_path)}, f"{KEY}={tmp_path}, its key, is a directory", "Put it there"),
        ({CERTIFICATE: str(pipe)}, "is a pipe, and must be a file", "Put it there"),
        ({CERTIFICATE: str(trusted)}, f"{CERTIFICATE}={trusted} is no certificate in", "-----BEGIN CERTIFICATE-----"),
        ({AUTHORITY: str(words)}, f"{AUTHORITY}={words} is no certificate in PEM form", "Set RAY_TLS_CA_CERT to who"),
        ({CERTIFICATE: str(words)}, f"{CERTIFICATE}={words} is no certificate in", "Set RAY_TLS_SERVER_CERT to the"),
        (
            {CERTIFICATE: good[KEY]},
            f"{CERTIFICATE}={good[KEY]} is no certificate in PEM form, but a key",
            "Set RAY_TLS_S",
        ),
        ({KEY: str(words)}, f"{KEY}={words} is no key in PEM form", "Set RAY_TLS_SERVER_KEY to the key of"),
        ({KEY: good[CERTIFICATE]}, "is no key in PEM form, but a certificate", "Set RAY_TLS_SERVER_KEY to the key of"),
        ({KEY: str(locked)}, f"{KEY}={locked} has a password", f"openssl pkey -in {locked}"),
        ({KEY: other[KEY]}, f"{KEY}={other[KEY]} is not the key of {CERTIFICATE}={good[CERTIFICATE]}", "made together"),
        (authority.variables("old", HERE, days=-1), "certificate has expired", "openssl req -x509 -CA"),
        (
            {AUTHORITY: str(Authority(tmp_path / "e").file)},
            f"does not pass with {AUTHORITY}=",
            "signed by somebody else",
        ),
        ({AUTHORITY: good[CERTIFICATE]}, "does not pass with RAY_TLS_CA_CERT=", "the certificate of that authority"),
        ({SWITCH: "yes"}, "RAY_USE_TLS=yes encrypts nothing", "Set RAY_USE_TLS=1"),
    ):
        use(monkeypatch, {**good, **changed})
        with pytest.raises(UsageError, match=re.escape(told)) as raised:
            RayCluster(1, 0.0, None).connect()
        assert remedy in str(raised.value)
        (found,) = tls()
        assert (found.state, told in found.told, remedy in found.remedy) == ("broken", True, True)


def names(*listed: x509.GeneralName) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(list(listed))


def usage(**said: bool) -> x509.KeyUsage:
    kinds = ("key_encipherment", "content_commitment", "data_encipherment", "key_agreement", "key_cert_sign")
    others = dict.fromkeys((*kinds, "digital_signature", "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**{**others, **said})


SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
EXTENSIONS: dict[str, tuple[x509.ExtensionType, str]] = {
    "both purposes": (x509.ExtendedKeyUsage([CLIENT, SERVER]), ""),
    "a server alone": (x509.ExtendedKeyUsage([SERVER]), "leaves out client authentication (clientAuth)"),
    "a client alone": (x509.ExtendedKeyUsage([CLIENT]), "leaves out server authentication (serverAuth)"),
    "any purpose": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), "leaves out server"),
    "signatures": (usage(digital_signature=True), ""),
    "agreement alone": (usage(key_agreement=True), "leaves out digitalSignature"),
    "encryption alone": (usage(key_encipherment=True), "leaves out digitalSignature"),
    "another address": (names(x509.IPAddress(ip_address("10.1.1.1"))), "is of 10.1.1.1, and not of 127.0.0.1"),
    "a name": (names(x509.DNSName("localhost")), "is of localhost, and not of 127.0.0.1"),
    "any name": (names(x509.DNSName("*")), "is of *, and not of 127.0.0.1"),
    "any name with dots": (names(x509.DNSName("*.0.0.1")), "is of *.0.0.1, and not of 127.0.0.1"),
    "the address as a name": (names(x509.DNSName("127.0.0.1")), ""),
}
KEYS: dict[str, tuple[Key, str]] = {
    "Ed25519": (ed25519.Ed25519PrivateKey.generate(), "has a key of Ed25519"),
    "P-521": (ec.generate_private_key(ec.SECP521R1()), "has a key of the curve P-521"),
    "P-384": (ec.generate_private_key(ec.SECP384R1()), ""),
}


def grpc_talks(variables: dict[str, str]) -> bool:
    """Whether two ends of gRPC, which is in Ray, talk to each other at HERE."""
    key, certificate, authority = (Path(variables[name]).read_bytes() for name in (KEY, CERTIFICATE, AUTHORITY))
    server = grpc.server(futures.ThreadPoolExecutor(1))
    shown = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
    try:
        port = server.add_secure_port(f"{HERE}:0", shown)
    except RuntimeError:  # it takes no such certificate
        return False
    server.start()
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    with grpc.secure_channel(f"{HERE}:{port}", credentials) as channel:
        try:
            channel.unary_unary("/none/none", request_serializer=bytes, response_deserializer=bytes)(b"", timeout=10)
        except grpc.RpcError as error:
            return bool(error.code() == grpc.StatusCode.UNIMPLEMENTED)
        finally:
            server.stop(0)
    raise AssertionError("nothing is served there")


@pytest.mark.parametrize("kind", [*EXTENSIONS, *KEYS, "no names"])
def test_a_certificate_passes_where_grpc_makes_a_connection_with_it(
    kind: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind in EXTENSIONS:
        extension, told = EXTENSIONS[kind]
        variables = authority.variables("node", HERE, more=[extension])
    elif kind in KEYS:
        key, told = KEYS[kind]
        variables = authority.variables("node", HERE, key=key)
    else:
        variables, told = authority.variables(HERE), "has no subjectAltName, where Ray looks for 127.0.0.1"
    use(monkeypatch, variables)
    assert grpc_talks(variables) == (not told)
    if not told:
        assert ray_tls.valid_until([HERE]) > time.time()
        return
    with pytest.raises(UsageError, match=re.escape(told)) as raised:
        RayCluster(1, 0.0, None).connect()
    assert "openssl req -x509" in str(raised.value)
    assert f"IP:{HERE}" in str(raised.value)
    (found,) = tls()
    assert (found.state, told in found.told) == ("broken", True)


def test_names_are_compared_as_grpc_does_it() -> None:
    def of(*names: str) -> dict[str, object]:
        return {"subjectAltName": tuple(("DNS", name) for name in names), "subject": ((("commonName", "a.b.c"),),)}

    assert is_of(of("*.b.c"), "a.b.c")
    assert is_of(of("A.B.c."), "a.b.C")
    assert not is_of(of("*.c"), "a.b.c")
    assert not is_of(of("*.c"), "b.c")
    assert not is_of(of("x"), "a.b.c")
    assert is_of({"subject": ((("commonName", "a.b.c"),),)}, "a.b.c")
    assert is_of({"subjectAltName": (("IP Address", "0:0:0:0:0:0:0:1"),)}, "::1")


def test_the_line_that_is_proposed_makes_a_certificate_that_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, file in ((CERTIFICATE, "node.crt"), (KEY, "node.key"), (AUTHORITY, "ca.crt")):
        monkeypatch.setenv(name, str(tmp_path / file))
    monkeypatch.setenv(SWITCH, "1")
    found = re.search(r"\((openssl req .*?)\),", how_to_found())
    made = how_to_make("10.9.8.7")
    assert found is not None
    for line in (found[1], made[made.index("openssl req") :]):
        subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert ray_tls.valid_until([HERE, "10.9.8.7", own_address()]) > time.time() + 360 * 86400


def test_a_key_of_rsa_pss_is_none_for_grpc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {CERTIFICATE: tmp_path / "node.crt", KEY: tmp_path / "node.key", AUTHORITY: tmp_path / "ca.crt"}
    variables = {SWITCH: "1", **{name: str(file) for name, file in files.items()}}
    use(monkeypatch, variables)
    authority, node = re.search(r"\((openssl req .*?)\),", how_to_found()), how_to_make()
    assert authority is not None
    for line in (authority[1], node[node.index("openssl req") :].replace("rsa:3072", "rsa-pss")):
        subprocess.run(line, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert not grpc_talks(variables)
    with pytest.raises(UsageError, match="has a key of RSA-PSS, with which Ray makes no connection"):
        ray_tls.valid_until()


@pytest.mark.parametrize("variable", [CERTIFICATE, KEY, AUTHORITY])
def test_a_file_with_a_byte_order_mark_is_none_for_grpc(
    variable: str, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = authority.variables("node", HERE)
    marked = tmp_path / "marked"
    marked.write_bytes(b"\xef\xbb\xbf" + Path(good[variable]).read_bytes())
    use(monkeypatch, {**good, variable: str(marked)})
    assert not grpc_talks({**good, variable: str(marked)})
    with pytest.raises(UsageError, match=f"{variable}={marked}, .*, begins with a byte order mark") as raised:
        ray_tls.valid_until()
    subprocess.run(str(raised.value).rpartition(": ")[2], shell=True, cwd=tmp_path, check=True)
    monkeypatch.setenv(variable, str(tmp_path / "copy.pem"))
    assert ray_tls.valid_until([HERE]) > time.time()


def test_a_certificate_for_the_cluster_alone_or_for_this_machine_alone_is_a_note(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own_address() == HERE:
        pytest.skip("this machine has no address but that of the loopback")
    use(monkeypatch, authority.variables("there", own_address(), days=90))
    (found,) = tls("10.0.0.1:6379")
    assert (found.state, "in the cluster alone" in found.told) == ("note", True)
    (found,) = tls()
    assert found.state == "broken"
    use(monkeypatch, authority.variables("here", HERE, days=90))
    (found,) = tls()
    assert (found.state, "on this machine alone" in found.told) == ("note", True)
    assert f"IP:{own_address()}" in found.remedy


def test_a_key_that_others_can_read_is_to_be_mended(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = authority.variables("node", HERE)
    use(monkeypatch, variables)
    key = Path(variables[KEY])
    key.chmod(0o644)
    (found,) = tls()
    assert (found.state, found.remedy) == ("broken", f"chmod 600 {key}")
