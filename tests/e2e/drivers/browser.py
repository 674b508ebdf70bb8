"""Headless Chromium over the DevTools protocol, on a pair of pipes: no package and no port is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any, final

NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
PATIENCE = 60.0
"""Seconds that an answer may take: the machine may be busy."""


@final
class Browser:
    """One page. `requests` are the addresses that it asked for, `complaints` its errors and what its policy refused."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._rest, self._number = send, receive, b"", 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> Any:
        """Calls a method and waits for its answer. AssertionError where the browser refuses."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": given}
        if hasattr(self, "_session"):
            asked["sessionId"] = self._session
        os.write(self._send, json.dumps(asked).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def open(self, address: str, width: int = 1000, height: int = 800, dark: bool = False) -> None:
        """Opens an address in a window of a size, light or dark, and waits until it is loaded."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=theme)
        self._loaded = False
        self.call("Page.navigate", url=address)
        self.wait_for_load()

    def wait_for_load(self, again: bool = False) -> None:
        """Waits until the page is loaded; `again`: once more."""
        self._loaded = self._loaded and not again
        while not self._loaded:
            self._next()

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def pointer(self, kind: str, x: float, y: float) -> None:
        """`moved`, or `click`: pressed and released."""
        for each in ("mousePressed", "mouseReleased") if kind == "click" else ("mouseMoved",):
            button = {"button": "left", "clickCount": 1} if kind == "click" else {}
            self.call("Input.dispatchMouseEvent", type=each, x=x, y=y, **button)

    def key(self, name: str) -> None:
        """A key is pressed and released."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name)

    def screenshot(self, file: Path, whole: bool = False) -> None:
        """The window, or the whole page, as PNG."""
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(picture["data"]))

    def pdf(self, file: Path) -> None:
        """The page on paper."""
        file.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select([self._receive], [], [], PATIENCE)[0], "the browser does not answer"
            read = os.read(self._receive, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        self._note(told.get("method", ""), told.get("params", {}))
        return told

    def _note(self, event: str, told: dict[str, Any]) -> None:
        self._loaded |= event == "Page.loadEventFired"
        if event == "Network.requestWillBeSent" and not told["request"]["url"].startswith("data:"):
            self.requests.append(told["request"]["url"])
        elif event == "Runtime.exceptionThrown" or (
            event == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning")
        ):
            self.complaints.append(json.dumps(told)[:600])
        elif event == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser while it lasts, with a profile of its own that is thrown away."""
    assert PROGRAM is not None
    there, send = os.pipe()
    receive, back = os.pipe()
    quiet = "--disable-gpu --hide-scrollbars --disable-dev-shm-usage --no-first-run --disable-background-networking"
    flags = f"--headless --no-sandbox {quiet}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        line = f'exec "$0" {flags} --user-data-dir="$1" --remote-debugging-pipe 3<&{there} 4>&{back}'
        process = subprocess.Popen(
            ["bash", "-c", line, PROGRAM, profile],
            pass_fds=(there, back),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(there)
        os.close(back)
        try:
            yield Browser(send, receive)
        finally:
            os.close(send)
            os.close(receive)
            process.terminate()
            process.wait(20)
