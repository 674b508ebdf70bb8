"""`nasbench watch`: the report of a run that goes on, as a page on this machine that is drawn anew as the run grows.

The run directory is read and never written, so a run of another machine on a shared disk can be watched; a run in an
object store is brought into it first, again and again. Nobody but programs of this machine reaches the page: it listens
on loopback, and answers to no other name than its own, so that pages from elsewhere cannot read it through the browser.
"""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, final

from nasbench.core.errors import UsageError
from nasbench.core.reported import CURVES
from nasbench.core.shown import escape
from nasbench.core.store import LOG_FILE, RUN_FILE
from nasbench.engine.opened.report import opened_report, report_of
from nasbench.report.common.embedded import data_element
from nasbench.report.common.page import served
from nasbench.storage.bringing import Brought

LOOPBACK = "127.0.0.1"


@final
class LiveReport:
    """The files of a run's report, made anew when the run has changed. Errors as of `opened_report`, and of `Brought`
    where `storage` keeps the run: that is asked every so many seconds at most.
    """

    def __init__(self, directory: Path, seconds: float, storage: str | None = None) -> None:
        self._directory, self._seconds = directory, seconds
        self._brought = None if storage is None else Brought(storage, directory)
        self._asked = -inf
        self._lock, self._bringing = Lock(), Lock()
        self._of = ""
        self._files: dict[str, str] = {}
        self.policy = ""
        self.files()

    def state(self) -> str:
        """A text that changes with the run."""
        self._bring()
        return self._state()

    def _bring(self) -> None:
        with self._bringing:
            if self._brought is not None and monotonic() - self._asked > self._seconds / 2:
                self._asked = monotonic()
                self._brought.refresh()

    def _state(self) -> str:
        found = []
        for name in (RUN_FILE, LOG_FILE, CURVES):
            try:
                at = (self._directory / name).stat()
                found.append(f"{at.st_size}.{at.st_mtime_ns}")
            except OSError:
                found.append("-")
        return " ".join(found)

    def files(self) -> dict[str, str]:
        """File name -> text; the page looks itself whether the run has grown."""
        self._bring()
        with self._lock:  # one at a time draws
            state = self._state()
            if state != self._of:
                made = opened_report(self._directory, report_of)
                told = data_element("live", {"state": state, "milliseconds": round(1000 * self._seconds)})
                page, self.policy = served(made["report.html"], told)
                self._files = {**made, "report.html": page}
                self._of = state
            return self._files


def serve(live: LiveReport, port: int, ready: Callable[[str], None]) -> None:
    """Serves the page until it is interrupted; `ready` gets its address. `port` 0 takes any that is free.

    UsageError for a port that is taken or that only root may use.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host", "") not in (here, here.replace(LOOPBACK, "localhost")):
                self._answer(HTTPStatus.FORBIDDEN, "text/plain", "This page answers to its own address alone.\n")
                return
            name = self.path.partition("?")[0].strip("/") or "report.html"
            try:
                if name == "state":
                    self._answer(HTTPStatus.OK, "text/plain", live.state())
                    return
                files = live.files()
            except UsageError as error:  # such as a log that is damaged: it may be whole again in a moment
                text = f"<!DOCTYPE html><title>nasbench watch</title><pre>{escape(str(error))}</pre>"
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/html", text)
                return
            if name not in files:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", f"There is: {', '.join(files)}\n")
                return
            self._answer(HTTPStatus.OK, "image/svg+xml" if name.endswith(".svg") else "text/html", files[name])

        def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Security-Policy", live.policy)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Requests are not told."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except (OSError, OverflowError) as error:
        told = f"--port {port} cannot be used ({error}). Take another one, or 0 for any that is free."
        raise UsageError(told) from error
    with server:
        here = f"{LOOPBACK}:{server.server_address[1]}"
        ready(f"http://{here}/")
        server.serve_forever()
