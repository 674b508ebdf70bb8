"""The live page of a run: it grows with the run, writes nothing, and answers on this machine alone."""

import os
import signal
import socket
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.engine.opened.watch import LiveReport, serve

TOY = {
    "space": "nasbench.testing.toy:ToySpace",
    "strategy": "random",
    "evaluator": "unit.made_up:MadeUp",
    "wandb": "off",
    "trackers": (),
    "control": 0,
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    nasbench.search(**TOY, trials=3, run=tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def host(run: Path) -> str:
    addresses: Queue[str] = Queue()
    live = LiveReport(run, 0.5)
    Thread(target=serve, args=(live, 0, addresses.put), daemon=True).start()
    return addresses.get(timeout=20).removeprefix("http://").rstrip("/")


def asked(host: str, path: str = "/", name: str | None = None) -> tuple[int, str, str]:
    connection = HTTPConnection(host, timeout=20)
    connection.request("GET", path, headers={"Host": name or host})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), str(answer.headers)


def content(run: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_the_page_grows_with_the_run_and_nothing_is_written(run: Path, host: str) -> None:
    before = content(run)
    status, page, headers = asked(host)
    state = asked(host, "/state")[1]
    assert status == 200
    assert "3 planned in the search" in page
    assert state in page
    assert "default-src 'none'" in headers
    assert content(run) == before
    nasbench.search(run=run, resume=True, trials=5, trackers=())
    assert asked(host, "/state")[1] != state
    assert "5 planned in the search" in asked(host)[1]


def test_plots_are_there_and_nothing_else_is(run: Path, host: str) -> None:
    status, svg, headers = asked(host, "/search_curve.svg")
    assert status == 200
    assert "image/svg+xml" in headers
    assert svg == (run / "search_curve.svg").read_text(encoding="utf-8")
    for path in ("/run.json", "/../run/run.json", "/best/architecture.json", "/%2e%2e/run/run.json"):
        assert asked(host, path)[0] == 404


def test_another_name_is_refused(host: str) -> None:
    assert asked(host, name="evil.example:80")[0] == 403
    assert asked(host, name=host.replace("127.0.0.1", "localhost"))[0] == 200


def test_a_log_that_is_damaged_is_told_and_heals(run: Path, host: str) -> None:
    log = run / "trials.jsonl"
    whole = log.read_bytes()
    log.write_bytes(b"{}\n" + whole)
    status, page, _ = asked(host)
    assert status == 503
    assert "line 1" in page
    log.write_bytes(whole)
    assert asked(host)[0] == 200


def test_it_listens_on_loopback_alone(host: str) -> None:
    port = int(host.rpartition(":")[2])
    rows = [line.split() for file in ("tcp", "tcp6") for line in Path("/proc/net", file).read_text().splitlines()[1:]]
    listening = [address for _, address, _, state, *_ in rows if state == "0A" and int(address[-4:], 16) == port]
    assert listening == [f"0100007F:{port:04X}"]


def test_bad_input_is_one_error(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no run.*nasbench report RUN --storage URL"):
        LiveReport(tmp_path, 5.0)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="--port"):
        serve(LiveReport(run, 5.0), taken.getsockname()[1], print)
    with pytest.raises(UsageError, match="--port 70000"):
        serve(LiveReport(run, 5.0), 70000, print)


def test_the_command_says_where_and_ends_with_ctrl_c(run: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("nasbench.engine.opened.watch.ThreadingHTTPServer.serve_forever", interrupt)
    assert main(["watch", str(run)]) == 0
    assert "http://127.0.0.1:" in capsys.readouterr().out
