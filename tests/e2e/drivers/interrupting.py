"""A tracker that presses Ctrl-C after the first trial of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.core.protocols import RunInfo
from nasbench.core.trial import Trial


class Once:
    def start(self, run: RunInfo) -> None:
        self._first = not run.history

    def trial(self, trial: Trial) -> None:
        if self._first:
            raise KeyboardInterrupt

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None: ...
