"""A trial in the middle of which the process dies twice is a failed trial; what ends it by Python does not count."""

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy import SIZE, TASK, Different, ToySpace, plan, score

from nasbench.core.in_hand import FILE, InHand
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.source import SpaceSource
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.executors.local import LocalExecutor

JOB = Job(3, seed=0, epochs=2, key="0" * 16)
DIES = """
import ctypes, os, sys
from pathlib import Path
sys.path[:0] = [sys.argv[3]]
from nasbench.core.in_hand import InHand
from nasbench.core.loop import JobLoop
from nasbench.core.source import SpaceSource
from nasbench.core.store import RunStore
from nasbench.executors.local import LocalExecutor
from toy import Different, ToySpace, plan, score
directory = Path(sys.argv[1])
fresh = not (directory / "run.json").exists()
store = RunStore.create(directory, {}) if fresh else RunStore.resume(directory)

def evaluator(job, report):
    if job.number == 3: exec(sys.argv[2])
    return {"val_accuracy": 0.5}

source = SpaceSource(ToySpace(), Different(), plan(5))
loop = JobLoop(source, store.append, score, history=tuple(store.trials), in_hand=InHand(directory))
LocalExecutor("cpu").run(loop, evaluator)
"""


def run(directory: Path, death: str) -> int:
    drivers = Path(__file__).parents[1] / "e2e" / "drivers"
    return subprocess.run([sys.executable, "-c", DIES, str(directory), death, str(drivers)], timeout=60).returncode


@pytest.mark.parametrize("death", ["ctypes.string_at(0)", "os._exit(0)"])
def test_a_process_that_dies_twice_in_a_trial_fails_it_and_the_run_goes_on(death: str, tmp_path: Path) -> None:
    for _ in range(2):
        run(tmp_path, death)
        assert [trial.number for trial in RunStore.read(tmp_path).trials] == [1, 2]
    assert run(tmp_path, death) == 0
    trials = RunStore.read(tmp_path).trials
    assert [trial.status for trial in trials] == ["ok", "ok", "failed", "ok", "ok"]
    assert str(trials[2].error).startswith("the process died 2 times while it evaluated this trial")
    assert not (tmp_path / FILE).exists()


def deaths(directory: Path, job: Job = JOB, ending: BaseException | None = None) -> int:
    """How many deaths are counted at the next evaluation, which ends as said."""
    with suppress(KeyboardInterrupt, SystemExit), InHand(directory).holding(job) as found:
        if ending is not None:
            raise ending
    return found


def die(directory: Path) -> None:
    """Leaves what a process leaves that dies in the middle of the evaluation."""
    with InHand(directory).holding(JOB):
        note = (directory / FILE).read_text()
    (directory / FILE).write_text(note)


def test_only_a_death_counts(tmp_path: Path) -> None:
    assert deaths(tmp_path) == 0
    assert deaths(tmp_path, ending=KeyboardInterrupt()) == 0
    die(tmp_path)
    assert InHand(tmp_path).left == (3, 1)
    assert deaths(tmp_path, ending=KeyboardInterrupt()) == 1, "an interrupt adds nothing"
    assert deaths(tmp_path, ending=SystemExit()) == 1, "and takes nothing away"
    die(tmp_path)
    assert InHand(tmp_path).left == (3, 2)
    assert deaths(tmp_path) == 2
    assert deaths(tmp_path) == 0, "an answer ends it"
    die(tmp_path)
    assert deaths(tmp_path, replace(JOB, number=4)) == 0, "another trial"


def test_a_note_that_is_torn_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"number": 3, "beg')
    assert InHand(tmp_path).left is None
    assert deaths(tmp_path) == 0


def test_a_trial_that_is_answered_leaves_no_note(tmp_path: Path) -> None:
    log: list[Trial] = []

    def evaluator(job: Job, report: Any) -> Any:
        assert InHand(tmp_path).left == (job.number, 1)
        return {"val_accuracy": 0.5}

    source = SpaceSource(ToySpace(), Different(), replace(plan(4), size=SIZE, task=TASK))
    LocalExecutor("cpu").run(JobLoop(source, log.append, score, in_hand=InHand(tmp_path)), evaluator)  # type: ignore[arg-type]
    assert [trial.status for trial in log] == ["ok"] * 4
    assert list(tmp_path.iterdir()) == []


def test_deaths_before_it_got_farther_than_ever_count_no_more(tmp_path: Path) -> None:
    died = []  # what is left without an end, as in a process that has died

    def deaths(dies_after: int) -> int:
        """How many are counted at the start of an evaluation that does so many epochs, and then dies."""
        note = InHand(tmp_path)
        died.append(note.holding(JOB))
        counted = died[-1].__enter__()
        for epoch in range(1, dies_after + 1):
            note.got_to(epoch)
        return counted

    assert [deaths(epochs) for epochs in (0, 2, 3, 1, 3)] == [0, 1, 1, 1, 2]
