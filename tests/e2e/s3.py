"""A real S3 server on the loopback interface, and nasbench commands that use it as any other."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEY, SECRET = "AKIAMADEUPKEY0000001", "made-up-secret-that-nobody-may-see"
BUCKET = "runs-of-a-test"


class S3:
    """The server. It keeps what it has while it is stopped."""

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer  # a second's work, which only these tests need

        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server._port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": self.endpoint}
        return {**os.environ, **own, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT)}

    def start(self) -> None:
        self._server.start()
        self._server._port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        self._server.stop()

    def make_bucket(self, name: str = BUCKET) -> None:
        self._ask(f"/{name}", "PUT")

    def forbid(self) -> None:
        """From now on, nobody may do anything."""
        self._ask("/moto-api/reset-auth", "POST", b"0")

    def allow(self) -> None:
        self._ask("/moto-api/reset-auth", "POST", b"inf")

    def start_command(self, directory: Path, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "nasbench", *words]
        return subprocess.Popen(command, cwd=directory, env=self.environment, stderr=subprocess.PIPE, text=True)

    def command(self, directory: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "nasbench", *words]
        return subprocess.run(command, cwd=directory, env=self.environment, capture_output=True, text=True, timeout=600)

    def _ask(self, path: str, method: str, data: bytes | None = None) -> None:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.endpoint}{path}", data, headers, method=method)
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def s3_server() -> Iterator[S3]:
    server = S3()
    try:
        server.make_bucket()
        yield server
    finally:
        server.stop()


def lines(run: Path) -> list[dict[str, Any]]:
    """The whole lines of a log, also while it is written."""
    log = run / "trials.jsonl"
    text = log.read_text() if log.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def until_it_has(run: Path, trials: int, process: "subprocess.Popen[str]") -> None:
    while len(lines(run)) < trials:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)


def same(lines: list[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """What of a log does not depend on when and where it ran."""
    return [(line["number"], line["key"], line["score"], line["epochs"], line["note"]) for line in lines]
