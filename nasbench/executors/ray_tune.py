"""Evaluates trials on Ray Tune: several worker processes, on this machine or on a cluster.

Tune owns the loop. Its `Searcher` asks the job queue for a job when Tune wants a trial. The trainable is a class whose
actors are reused: a worker keeps its process, its GPU context and its data set from one trial to the next, and a trial
costs tens of milliseconds instead of seconds. No worker waits for another.

A training reports live: each `step` of a worker returns the next report, or the answer. After a report the training
waits until Tune calls `step` again; if it should stop, `stop_training` is called before that.

Importing this module imports ray; import it when it is used.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, final

from nasbench.core.blame import in_one_line
from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Evaluator
from nasbench.core.registry import executors
from nasbench.executors.capacity import Share, Workers, why_it_died
from nasbench.executors.cluster_watch import ClusterWatch
from nasbench.executors.job_queue import JobQueue
from nasbench.executors.packing import Measure, Packing, Peak, cuda_peak
from nasbench.executors.private_folder import TUNE, private_folder
from nasbench.executors.process import environment, stop_signals
from nasbench.executors.ray_cluster import RayCluster, quiet
from nasbench.executors.ray_worker import kill, kill_frozen, worker_class

from ray import tune  # isort: skip - after ray_cluster, which sets what ray reads when it is imported
from ray.tune.schedulers import FIFOScheduler  # isort: skip
from ray.tune.search import Searcher  # isort: skip

TUNE_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # with verbose=0: otherwise Tune makes a table of all trials at every step
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # never: a run is resumed from its own log
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}

MOST_PENDING = 10_000
"""Trials that Tune may hold back where the queue alone says how many there are at once."""


class HeadLost(BaseException):
    """The head of the cluster is gone. It is no Exception: for one, Tune would tidy up, which needs the head."""


@final
@executors.register("ray")
class RayExecutor:
    """`workers` trials at a time, each in a process of its own that holds `gpus_per_worker` GPUs (fractions share one).
    With 'auto', as many as fit into the nodes that are there, which may come and go.

    `ray_address` is that of a running cluster; see RayCluster for where the workers run without it. A trial that takes
    longer than `trial_timeout` seconds is stopped wherever it hangs, in C code too: its worker ends, and another one
    takes over.
    """

    reports_travel: ClassVar[bool] = True

    def __init__(
        self,
        workers: Workers,
        gpus_per_worker: Share = 0.0,
        ray_address: str | None = None,
        device: str = "auto",
        trial_timeout: float | None = None,
        measure: Measure = cuda_peak,
    ) -> None:
        if device == "cuda" and not gpus_per_worker:
            raise UsageError(
                "--device cuda with --workers needs --gpus-per-worker: 1, or a fraction for workers that share a GPU "
                "(0.5)"
            )
        self._cluster = RayCluster(workers, gpus_per_worker, ray_address)
        self._workers, self._gpus_per_worker, self._trial_timeout = workers, gpus_per_worker, trial_timeout
        self._packing = Packing() if gpus_per_worker == "auto" else None
        self._measure = None if self._packing is None else measure

    def describe(self) -> Sequence[str]:
        """The lines printed before the start. UsageError if Ray cannot be reached, or if the workers do not fit."""
        return [self._cluster.describe()]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Ctrl-C and SIGTERM raise Interrupted; no worker is
        left then.
        """
        self._cluster.connect()
        with self._cluster.watched() as watch:  # to the end: tidying up needs the head too
            try:
                with stop_signals() as signals:
                    queue = JobQueue(loop, self._limit(watch), self._trial_timeout, watch.room)
                    worker = worker_class(evaluator, self._trial_timeout, self._measure)
                    while not (signals or queue.finished):
                        share = self._next_phase(queue)
                        self._run_tune(queue, _JobSearcher(queue, signals, watch, self._packing), worker, share)
                if signals:
                    raise Interrupted(signals[0])
                if queue.fault is not None:
                    raise queue.fault
            except HeadLost as lost:
                self._cluster.abandon()
                if signals:
                    raise Interrupted(signals[0]) from lost
                raise RunFailed(self._cluster.lost_sentence) from lost
            except BaseException:
                self.close()
                raise

    def watched(self) -> ClusterWatch:
        """What ends the process with a sentence if the head of its cluster is lost, inside `with`."""
        return self._cluster.watched()

    def close(self) -> None:
        """Leaves Ray, and ends it if this object started it."""
        self._cluster.close()

    def _limit(self, watch: ClusterWatch) -> Callable[[], int]:
        """How many trials may run at once, as it is now."""
        workers = self._workers
        if workers != "auto" and self._packing is None:
            return lambda: workers
        at_first = self._cluster.room()

        def fitting() -> int:
            room = watch.room()
            most = max(1, at_first if room is None else room)
            return most if workers == "auto" else min(most, workers)

        return fitting

    def _next_phase(self, queue: JobQueue) -> float:
        """Says to the queue what comes next, and returns the GPUs of a worker in it: first the children that are
        measured, each on a GPU of its own; then all others, as many on a GPU as fit; between them, on a GPU of its own
        again, each that ran out of memory beside others.
        """
        if queue.waits_alone:
            share = 1.0
            queue.begin_phase(queue.waits_alone, alone=True)
        elif self._packing is not None and self._packing.to_measure:
            share = 1.0
            queue.begin_phase(self._packing.to_measure)
        else:
            share = float(self._gpus_per_worker) if self._packing is None else self._packing.share
            queue.begin_phase(None, shared=0 < share < 1)
        self._cluster.give(share)
        return share

    def _run_tune(
        self, queue: JobQueue, searcher: "_JobSearcher", worker: type[tune.Trainable], gpus_per_worker: float
    ) -> None:
        """Runs Tune until nothing is left to do, or until Tune breaks, for example because Ray ended a worker when
        memory ran low.
        """
        pending = MOST_PENDING if self._workers == "auto" else self._workers
        settings = {**TUNE_ENVIRONMENT, "TUNE_MAX_PENDING_TRIALS_PG": str(pending)}
        try:
            with environment(settings), quiet(), private_folder(TUNE) as storage:
                tune.run(
                    worker,
                    name="search",
                    storage_path=str(storage),
                    search_alg=searcher,
                    scheduler=_InOrder(),
                    callbacks=[_Events(queue, searcher)],
                    stop=_Results(queue, searcher),
                    num_samples=-1,
                    resources_per_trial={"cpu": 1, "gpu": gpus_per_worker},
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    reuse_actors=True,
                    raise_on_failed_trial=False,
                    verbose=0,
                )
                assert searcher.stopping or queue.finished or queue.rests, "Tune ended before the search did"
        except Exception as error:
            if not searcher.stopping and not queue.retry_all(why_it_died(str(error))):
                raise RunFailed(
                    f"Ray failed ({in_one_line(error)}). The finished trials are kept: go on with --resume, on fewer "
                    "workers or without."
                ) from error
        finally:
            if not searcher.lost:
                searcher.kill_workers()


class _JobSearcher(Searcher):
    """Tune's searcher: takes a job from the queue when Tune wants a trial. A Tune trial is one attempt at a job."""

    def __init__(
        self, queue: JobQueue, signals: Sequence[str], watch: ClusterWatch, packing: Packing | None = None
    ) -> None:
        super().__init__()
        self._packing = packing
        self._queue, self._signals, self._watch = queue, signals, watch
        self._running: dict[str, Any] = {}
        self.trials: Sequence[Any] = ()
        """All trials that Tune knows, the latest last."""

    @property
    def stopping(self) -> bool:
        return bool(self._signals) or self._queue.fault is not None

    @property
    def lost(self) -> bool:
        """Whether the head of the cluster is gone. Then no call to Ray returns in time."""
        return self._watch.lost

    def suggest(self, trial_id: str) -> Any:
        """A job as {'job': text}; None if there is none now, FINISHED if there will be none."""
        job = None if self.stopping else self._queue.next_job(trial_id)
        if job is not None:
            return {"job": job}
        return Searcher.FINISHED if self.stopping or self._queue.finished else None

    def begin(self, trial: Any) -> None:
        self._running[trial.trial_id] = trial
        self._queue.begin(trial.trial_id)

    def report(self, trial_id: str, text: str) -> None:
        """Passes a report on. Ray calls the methods of an actor in the order sent: `stop_training` before `step`."""
        if not self.stopping and self._queue.report(trial_id, text):
            self._running[trial_id].temporary_state.ray_actor.stop_training.remote()

    @property
    def rests(self) -> bool:
        """Whether Tune is to be started anew, with workers of another size."""
        return self._queue.rests

    def answer(self, trial_id: str, text: str, peak: Peak | None) -> None:
        if self._packing is not None and self._packing.to_measure:
            self._packing.learn(peak)
        if not self.stopping and self._queue.answer(trial_id, text):
            kill(self._running[trial_id].temporary_state.ray_actor)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:  # noqa: ARG002 - Tune's
        self._running.pop(trial_id, None)
        self._queue.release(trial_id)

    def kill_frozen_workers(self) -> None:
        """Ends those that should have ended themselves when the time of their trial was up."""
        for trial_id in self._queue.overdue():
            trial = next((each for each in reversed(self.trials) if each.trial_id == trial_id), None)
            if trial is not None and trial.temporary_state.ray_actor is not None:
                self._queue.kill(trial_id)
                kill_frozen(trial.temporary_state.ray_actor)

    def kill_workers(self) -> None:
        """Ends every worker that has a trial, in the middle of it."""
        for trial in self._running.values():
            kill(trial.temporary_state.ray_actor)


class _Events(tune.Callback):
    """What Tune tells its callbacks and not its searcher."""

    def __init__(self, queue: JobQueue, searcher: _JobSearcher) -> None:
        self._queue, self._searcher = queue, searcher

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:  # noqa: ARG002 - Tune's
        self._searcher.trials = trials

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        self._searcher.begin(trial)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        """Tune keeps every trial to the end. So its job, its answer, the statistics on it, and its directory are
        dropped here.
        """
        trial.config, trial.evaluated_params, trial.experiment_tag = {}, {}, ""
        metadata = trial.run_metadata
        metadata.last_result, metadata.metric_analysis, metadata.metric_n_steps = {}, {}, {}
        shutil.rmtree(trial.local_path, ignore_errors=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        if not self._searcher.stopping:
            self._queue.lose(trial.trial_id, _why_lost(trial))


class _Results(tune.Stopper):
    """Tune gives every result to its stopper first. It passes on reports and answers, and ends a trial once it is
    answered and its worker can be used for another job.

    Ends the experiment on Ctrl-C, SIGTERM or a fault, without waiting for the running trials.
    """

    def __init__(self, queue: JobQueue, searcher: _JobSearcher) -> None:
        self._queue, self._searcher = queue, searcher

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """True ends the trial. The results of a trial that is kept open after its answer hold nothing."""
        if "report" in result:
            self._searcher.report(trial_id, result["report"])
            return False
        if "answer" in result:
            self._searcher.answer(trial_id, result["answer"], result.get("peak"))
        return self._queue.can_release

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles its stopper into a checkpoint that nobody reads

    def stop_all(self) -> bool:
        """Tune asks at every step, every tenth of a second at least."""
        if self._searcher.lost:
            raise HeadLost
        self._searcher.kill_frozen_workers()
        if self._searcher.stopping:
            self._searcher.kill_workers()
        return self._searcher.stopping or self._searcher.rests


class _InOrder(FIFOScheduler):
    """Runs trials in order, which Tune does by itself. Tune's FIFO looks at every earlier trial at every step."""

    def choose_trial_to_run(self, tune_controller: Any) -> None:  # noqa: ARG002 - Tune's
        return None


def _why_lost(trial: Any) -> str:
    text = ""
    if trial.error_file is not None:
        with suppress(OSError):
            text = Path(trial.error_file).read_text(errors="replace").strip()
    return why_it_died(text)
