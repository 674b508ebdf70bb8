"""The series of a run as event files under `<run directory>/tensorboard`, which `tensorboard --logdir runs` shows."""

from collections.abc import Mapping

from nasbench.core.protocols import RunInfo
from nasbench.core.registry import trackers as known
from nasbench.trackers.series_tracker import SeriesTracker

FOLDER = "tensorboard"


@known.register("tensorboard")
class TensorBoardTracker(SeriesTracker):
    """A resumed run goes on in a file of its own, which TensorBoard shows as one with the others."""

    def open(self, run: RunInfo) -> bool:
        from tensorboardX import SummaryWriter

        folder = run.directory / FOLDER
        before = len(list(folder.glob("events.*")))
        self._writer = SummaryWriter(str(folder), filename_suffix=f".{before}")  # names have no more than a second
        return before == 0

    def write(self, axis: str, step: int, values: Mapping[str, float]) -> None:  # noqa: ARG002 - a name has one axis
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self, stopped: bool) -> None:  # noqa: ARG002 - event files do not say it
        self._writer.close()
