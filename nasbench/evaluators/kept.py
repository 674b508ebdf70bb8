"""The folder of a whole training, where it is kept so that it is never run twice.

weights.safetensors, predictions.safetensors    of the best epoch, on the test split
views-VIEWS.json, predictions-VIEWS.safetensors of a test with several views of each image, where one was asked for
validation.safetensors                          probabilities on the validation split, where an ensemble weighted by it
preprocessing.json                              what an image goes through before the network sees it
result.json                                     what came of it; a training is finished once it is there
curve.jsonl                                     a line an epoch, and lines within epochs that take long
checkpoint.pt                                   what an interrupted training goes on from
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from nasbench.core.append_log import opened
from nasbench.core.errors import UsageError
from nasbench.core.json_file import read_object
from nasbench.core.json_text import parsed
from nasbench.core.not_written import not_written
from nasbench.core.part_file import sweep_parts
from nasbench.core.protocols import Report
from nasbench.core.reported import AGAIN
from nasbench.core.reported import FIELDS as FIELDS_OF_A_LINE
from nasbench.core.shown import say, sentence
from nasbench.core.typed import check_types, fits
from nasbench.core.within_epoch import is_within
from nasbench.core.writing import delete, make_folder, write_json
from nasbench.storage.folders import bring_folder, put_folder

RESULT = "result.json"
FIELDS: Mapping[str, Any] = {
    "metrics": Mapping[str, Any],
    "reading": Mapping[str, Any],
    "corrupt": list[str],
    "cut_off_after": list[int],
}
"""Fields of result.json that are relied on."""
NUMBERS = (
    *("val_accuracy", "val_top5", "val_loss", "train_loss", "test_accuracy", "test_top5"),
    *("params", "macs", "carried_params", "images_per_second", "train_seconds", "corrupt_files"),
)
"""Metrics among them that are numbers, where they are there."""
POLL_SECONDS = 0.5
"""Between two looks at the curve of a training that runs in other processes."""


class Kept:
    """The folder of one training. `url` is where finished ones are kept in an object store, if they are."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder, self._url = folder, url
        self.checkpoint = folder / "checkpoint.pt"
        self.weights = folder / "weights.safetensors"
        self.predictions = folder / "predictions.safetensors"
        self.curve = folder / "curve.jsonl"
        self._result = folder / RESULT

    def predictions_with(self, views: str) -> Path:
        """Where the class probabilities of a test with these views lie."""
        return self.predictions if views == "center" else self.folder / f"predictions-{views}.safetensors"

    def validation_with(self, views: str) -> Path:
        """Where those for the validation split lie, once an ensemble has been weighted by it."""
        return self.folder / ("validation.safetensors" if views == "center" else f"validation-{views}.safetensors")

    @property
    def finished(self) -> bool:
        return self._result.exists()

    def result(self) -> dict[str, Any]:
        """What came of the training. UsageError where its record cannot be read."""
        return result_in(self.folder)

    def finish(self, record: Mapping[str, Any]) -> None:
        """Writes the result, after which the training is done and its checkpoint is not needed."""
        write_json(self._result, record)
        delete(self.checkpoint)

    def brought(self) -> "Kept":
        """This folder, with what the store has of the training where it is not finished here."""
        if self._url is not None and not self.finished:
            bring_folder(self._url, self.folder, last=RESULT)
        return self

    def put(self) -> None:
        """Puts a finished training into the store. NotWritten where it stays away."""
        if self._url is not None and self.finished:
            put_folder(self._url, self.folder, last=RESULT)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until no other process trains here: it may be training the very same. NotWritten where the folder
        cannot be made.
        """
        make_folder(self.folder, parents=True)
        lock = self.folder / ".lock"
        try:
            descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o666)
        except OSError as error:
            raise not_written(lock, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            sweep_parts(self.folder)
            if self.finished:  # the process may have been killed before it had tidied up
                self.checkpoint.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def say_again(self, report: Report) -> None:
        """Reports the epochs of the curve so far: the process that heard of them may have died before they were
        written down, and another run has not heard of them. Lines that are no epoch's are passed over.
        """
        for line in filter(_tells_of_epoch, _lines(self.curve)):
            report(line["epoch"], {**{name: line[name] for name in line if name not in FIELDS_OF_A_LINE}, AGAIN: True})

    @contextmanager
    def following(self, report: Report) -> Iterator[None]:
        """Passes on each new line of the curve, while other processes train."""
        ended = threading.Event()
        known = len(_lines(self.curve))

        def pass_on() -> None:
            nonlocal known
            lines = _lines(self.curve)
            for line in lines[known:]:
                done = line.get("epoch", line.get("within"))
                if done is not None:
                    report(done, {name: value for name, value in line.items() if name not in ("epoch", "within")})
            known = len(lines)

        def poll() -> None:
            with suppress(BaseException):  # who hears the report keeps what stops the training, and raises it again
                while not ended.wait(POLL_SECONDS):
                    pass_on()

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        pass_on()


def result_in(folder: Path) -> dict[str, Any]:
    """What came of the training in a folder; empty where it has not finished. UsageError for a damaged record."""
    path = folder / RESULT
    if not path.exists():
        return {}
    try:
        record = read_object(path, "result of a training", finite=False)
        check_types(FIELDS, record, "the result of a training")
        if "metrics" not in record:
            raise UsageError("it lacks the field 'metrics'")
        for name in NUMBERS:
            value = record["metrics"].get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UsageError(f"its metric {name!r} must be a number; got {value!r}.")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {sentence(error)} Put it back, or delete the folder {folder} to train again."
        ) from error
    return record


class Curve:
    """Called after each epoch: writes a line of the curve, and passes it on. Records where the training was
    interrupted.

    The file is there from the start of the training. A line that was torn when the process died is cut away.
    """

    def __init__(self, kept: Kept, images: int, report: Report, say: Callable[[str], None]) -> None:
        self._path, self._images, self._report, self._say = kept.curve, images, report, say
        self._resumes = began = self._path.exists()
        self._log = opened(self._path)
        lines = _lines(self._path)
        self._last_epoch = max((line["epoch"] for line in filter(_tells_of_epoch, lines)), default=0)
        self.cuts: list[int] = [line["cut_off_after"] for line in lines if "cut_off_after" in line]
        """The epochs after which the training was interrupted, 0 for before the end of the first."""
        self._goes_on = kept.checkpoint.exists()
        if began and not self._goes_on:
            self._resumes = False
            self._cut_off_after(0)
        self._last, self._in_part = perf_counter(), False

    def __call__(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        now = perf_counter()
        unknown = self._resumes or (self._in_part and epoch > self._last_epoch)
        rate = {} if unknown else {"images_per_second": round(self._images / (now - self._last), 1)}
        self._last = now
        new = epoch > self._last_epoch
        if new:
            self._write({"epoch": epoch, **metrics, **rate})
            self._last_epoch, self._in_part = epoch, False
        if self._resumes:
            self._resumes = False
            self._cut_off_after(epoch)
        if new:
            self._report(epoch, {**metrics, **rate})

    def within(self, done: int, told: Mapping[str, Any]) -> None:
        """Called within long epochs: a line too, which has no epoch, so that processes that follow the curve see it."""
        self._write({"within": done, **told})
        self._report(done, told)

    def goes_on_within(self, done: int) -> None:
        """Called where a training goes on within the epoch after `done`: of that epoch, no rate is known."""
        self._in_part = True
        if self._resumes and done == 0:
            self._resumes = False
            self._cut_off_after(0)

    def close(self) -> None:
        self._log.close()

    def _cut_off_after(self, epoch: int) -> None:
        self.cuts.append(epoch)
        self._write({"cut_off_after": epoch})
        after = f"goes on after epoch {epoch}, where it was interrupted" if epoch else "goes on within its first epoch"
        self._say(after if self._goes_on else "starts again: it was interrupted in its first epoch")

    def _write(self, record: Mapping[str, Any]) -> None:
        self._log.append(json.dumps(record))


def say_of(verbose: bool, name: str, text: str) -> None:
    """A line for people on standard error about the training that is called `name`, if it is `verbose`."""
    if verbose:
        say(f"{name}  {text}")


def _lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a curve. What is no object is passed over: somebody else may have written the file."""
    found = []
    for text in path.read_bytes().split(b"\n")[:-1] if path.exists() else ():
        with suppress(ValueError):
            line = parsed(text, finite=False)
            if isinstance(line, dict):
                found.append(line)
    return found


def _tells_of_epoch(line: Mapping[str, Any]) -> bool:
    return fits(line.get("epoch"), int) and line["epoch"] > 0 and not is_within(line)
