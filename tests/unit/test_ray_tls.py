"""The files of Ray's TLS, and how a head is greeted by it: servers of this process, no Ray."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from nasbench.core.errors import UsageError
from nasbench.engine.doctor.tls import tls
from nasbench.executors import ray_tls
from nasbench.executors.ray_greeting import SETTINGS, answers, greet
from unit.certificates import Authority

HERE = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    for name in (ray_tls.SWITCH, *ray_tls.FILES):
        monkeypatch.delenv(name, raising=False)
    return Authority(tmp_path / "certificates")


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


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
    use(monkeypatch, authority.variables("node", HERE, days=90))
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
    for changed, told in (
        ({"RAY_TLS_CA_CERT": ""}, "RAY_TLS_CA_CERT names no file"),
        ({"RAY_TLS_SERVER_KEY": str(tmp_path / "none")}, "cannot be read: No such file"),
        ({"RAY_TLS_CA_CERT": str(words)}, "is no certificate in PEM form"),
        ({"RAY_TLS_SERVER_CERT": str(words)}, "are no certificate and its key"),
        ({"RAY_TLS_SERVER_KEY": other["RAY_TLS_SERVER_KEY"]}, "key values mismatch"),
        (authority.variables("old", HERE, days=-1), "certificate has expired"),
        ({"RAY_TLS_CA_CERT": str(Authority(tmp_path / "else").file)}, "does not pass with RAY_TLS_CA_CERT="),
    ):
        use(monkeypatch, {**good, **changed})
        with pytest.raises(UsageError, match=told):
            ray_tls.valid_until()
        (found,) = tls()
        assert (found.state, told in found.told) == ("broken", True)


def test_a_key_that_others_can_read_is_to_be_mended(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = authority.variables("node", HERE)
    use(monkeypatch, variables)
    key = Path(variables[ray_tls.KEY])
    key.chmod(0o644)
    (found,) = tls()
    assert (found.state, found.remedy) == ("broken", f"chmod 600 {key}")
