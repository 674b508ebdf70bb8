"""Evaluates trials on Ray Tune: several worker processes, on this machine or on a cluster.

Tune insists on owning the loop. Its `Searcher` asks the search loop for a job where Tune wants a trial, and tells it
the answer where one is done. The trainable is a class whose actors are reused: a worker keeps its process, its GPU
context and its data set from one trial to the next, and a trial costs tens of milliseconds instead of seconds. No
worker waits for another. It also starts, joins and leaves Ray, for `ray_train` too. Only these two modules import ray;
import them when they are used.
"""

import logging
import os
import pickle
import shutil
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from nasbench.core.errors import Interrupted, RunFailed, UsageError
from nasbench.core.loop import SearchLoop
from nasbench.core.protocols import Evaluator
from nasbench.executors.boundary import in_one_line
from nasbench.executors.cluster import ADDRESS_HINT, capacity, check_reachable, why_it_died
from nasbench.executors.desk import Desk, respond
from nasbench.executors.process import environment, num_cores, own_import_paths, same_signal_handlers, stop_signals

# Ray reads this when it is imported, and no other way keeps its daemons' messages off standard output, where `--json`
# has one object.
with environment({"RAY_DEDUP_LOGS_SKIP_REGEX": "^"}):
    import ray
    from ray import cloudpickle, tune
    from ray.tune.schedulers import FIFOScheduler
    from ray.tune.search import Searcher

OBJECT_STORE_BYTES = 200 * 2**20
"""Only the evaluator goes through Ray's object store (a larger one spills to disk)."""

TUNE_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # with verbose=0: no table is made of all trials at every step
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # the run's own log is the truth
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}
WORKER_ENVIRONMENT = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # a worker that holds no GPU sees none
    "RAY_USAGE_STATS_ENABLED": "0",
}


class RayExecutor:
    """`workers` trials at a time, each in a process of its own that holds `gpus_per_worker` GPUs (fractions share one).

    Joins the cluster at `address` (host:port of its head, or 'auto'); without one it uses the Ray that this process is
    connected to, or starts Ray on this machine, until `close` or the end of this object. A trial that takes longer than
    `trial_timeout` seconds is stopped wherever it hangs, in C code too: its worker ends and another takes over.
    """

    def __init__(
        self,
        workers: int,
        gpus_per_worker: float = 0.0,
        address: str | None = None,
        device: str = "auto",
        trial_timeout: float | None = None,
    ) -> None:
        if workers < 1:
            raise UsageError(f"--workers takes a whole number from 1 on for Ray (0 is this process); got {workers}")
        if gpus_per_worker > 1 and gpus_per_worker != int(gpus_per_worker):
            raise UsageError(f"--gpus-per-worker above 1 must be whole; got {gpus_per_worker}")
        if device == "cuda" and not gpus_per_worker:
            raise UsageError(
                "--device cuda with --workers needs --gpus-per-worker: 1, or a fraction for workers that share a GPU "
                "(0.5)"
            )
        self._workers, self._gpus_per_worker, self._address = workers, gpus_per_worker, address
        self._trial_timeout = trial_timeout
        self._disconnect: weakref.finalize[Any, RayExecutor] | None = None

    def describe(self) -> Sequence[str]:
        """The pre-flight lines. Connects to Ray; UsageError where that fails, or the workers do not fit in."""
        self._connect()
        total = ray.cluster_resources()
        nodes = sum(node["Alive"] for node in ray.nodes())
        where = (
            f"Ray {ray.__version__} on {nodes} node{'s' * (nodes != 1)} ({total.get('CPU', 0):g} CPU slots, "
            f"{total.get('GPU', 0):g} GPUs)"
        )
        if self._gpus_per_worker:
            kinds = sorted(name.partition(":")[2] for name in total if name.startswith("accelerator_type:"))
            device = (
                f"{self._gpus_per_worker:g} GPU{'s' * (self._gpus_per_worker > 1)} "
                f"({', '.join(kinds) or 'kind unknown'})"
            )
        else:
            device = "the CPU" + (" (the GPUs stay idle without --gpus-per-worker)" if total.get("GPU") else "")
        return [f"{where}: {self._workers} workers, each on {device}"]

    def run(self, loop: SearchLoop, evaluator: Evaluator) -> None:
        """Evaluates what the loop hands out until there is no more. Interrupted on Ctrl-C and SIGTERM; leaves no worker
        behind.
        """
        self._connect()
        desk = Desk(loop, self._workers, self._trial_timeout)
        try:
            with stop_signals() as signals:
                worker = _worker_class(evaluator, self._trial_timeout)
                while not (signals or desk.finished):
                    self._tune(desk, _Asker(desk, signals), worker)
            if signals:
                raise Interrupted(signals[0])
            if desk.fault is not None:
                raise desk.fault
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leaves Ray, and ends it where this object started it."""
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None

    def _tune(self, desk: Desk, asker: "_Asker", worker: type[tune.Trainable]) -> None:
        """Runs Tune until nothing is left to do, or until it breaks, as it does where Ray ends a worker for want of
        memory.
        """
        settings = {**TUNE_ENVIRONMENT, "TUNE_MAX_PENDING_TRIALS_PG": str(self._workers)}
        try:
            with environment(settings), _quiet(), tempfile.TemporaryDirectory(prefix="nasbench-tune-") as storage:
                tune.run(
                    worker,
                    name="search",
                    storage_path=storage,
                    search_alg=asker,
                    scheduler=_Queue(),
                    callbacks=[_Events(desk, asker)],
                    stop=_Stop(desk, asker),
                    num_samples=-1,
                    resources_per_trial={"cpu": 1, "gpu": self._gpus_per_worker},
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    reuse_actors=True,
                    raise_on_failed_trial=False,
                    verbose=0,
                )
                assert asker.stopping or desk.finished, "Tune ended before the search did"
        except Exception as error:
            if not asker.stopping and not desk.recall(why_it_died(str(error))):
                raise RunFailed(
                    f"Ray failed ({in_one_line(error)}). The finished trials are kept: go on with --resume, on fewer "
                    "workers or without."
                ) from error
        finally:
            asker.kill_workers()

    def _connect(self) -> None:
        if self._address is not None:
            check_reachable(self._address)
        if not ray.is_initialized():
            with same_signal_handlers(), _quiet():
                directory = _start(self._workers) if self._address is None else None
                if self._address is not None:
                    _join(self._address)
            self._disconnect = weakref.finalize(self, _leave, directory)
        fit = capacity([node["Resources"] for node in ray.nodes() if node["Alive"]], self._gpus_per_worker)
        if fit < self._workers:
            total = ray.cluster_resources()
            self.close()
            raise UsageError(
                f"--workers {self._workers} with --gpus-per-worker {self._gpus_per_worker:g} do not fit: there are "
                f"{total.get('CPU', 0):g} "
                f"CPU slots and {total.get('GPU', 0):g} GPUs, enough for {fit} such workers. Ask for fewer, or for a "
                "smaller share."
            )


class _Asker(Searcher):
    """Tune's searcher: asks the desk for a job where Tune wants a trial, and gives it the answers."""

    def __init__(self, desk: Desk, signals: Sequence[str]) -> None:
        super().__init__()
        self._desk, self._signals = desk, signals
        self._in_hand: dict[str, Any] = {}

    @property
    def stopping(self) -> bool:
        return bool(self._signals) or self._desk.fault is not None

    def suggest(self, trial_id: str) -> Any:
        """A job as {'job': text}; None where there is none now, FINISHED where there will be none."""
        job = None if self.stopping else self._desk.hand_out(trial_id)
        if job is not None:
            return {"job": job}
        return Searcher.FINISHED if self.stopping or self._desk.finished else None

    def take(self, trial_id: str, result: dict[str, Any]) -> None:
        """Gives the desk an answer, where the result has one: a trial that is kept open sends results without."""
        if result["answer"] and not self.stopping and self._desk.take_back(trial_id, result["answer"]):
            _kill(self._in_hand[trial_id])

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:  # noqa: ARG002 - Tune's
        self._in_hand.pop(trial_id, None)
        self._desk.close(trial_id)

    def begin(self, trial: Any) -> None:
        self._in_hand[trial.trial_id] = trial
        self._desk.begin(trial.trial_id)

    def kill_workers(self) -> None:
        """Ends every worker that has a trial in hand, in the middle of it."""
        for trial in self._in_hand.values():
            _kill(trial)


class _Events(tune.Callback):
    """What Tune tells its callbacks and not its searcher."""

    def __init__(self, desk: Desk, asker: _Asker) -> None:
        self._desk, self._asker = desk, asker

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        self._asker.begin(trial)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        """Tune keeps every trial to the end: here it loses its job, its answer, the statistics on it, and its
        directory.
        """
        trial.config, trial.evaluated_params, trial.experiment_tag = {}, {}, ""
        metadata = trial.run_metadata
        metadata.last_result, metadata.metric_analysis, metadata.metric_n_steps = {}, {}, {}
        shutil.rmtree(trial.local_path, ignore_errors=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:  # noqa: ARG002 - Tune's
        if not self._asker.stopping:
            self._desk.lose(trial.trial_id, _why_lost(trial))


class _Stop(tune.Stopper):
    """Sees every result first, and ends a trial once it is answered and its worker can be used elsewhere.

    Ends the experiment on Ctrl-C, SIGTERM or a fault, without waiting for the trials in hand.
    """

    def __init__(self, desk: Desk, asker: _Asker) -> None:
        self._desk, self._asker = desk, asker

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._asker.take(trial_id, result)
        return self._desk.can_release

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles its stopper into a checkpoint that nobody reads

    def stop_all(self) -> bool:
        if self._asker.stopping:
            self._asker.kill_workers()
        return self._asker.stopping


class _Queue(FIFOScheduler):
    """First come, first served, which Tune does by itself: its own FIFO looks at every trial there ever was, at every
    step.
    """

    def choose_trial_to_run(self, tune_controller: Any) -> None:  # noqa: ARG002 - Tune's
        return None


class _Worker(tune.Trainable):
    """One process that answers one job after another."""

    luggage: ClassVar[Any]
    """A reference to (pickled evaluator, paths to import from, working directory, seconds a trial may take or None)."""

    def setup(self, config: dict[str, Any]) -> None:  # noqa: ARG002 - Tune's
        evaluator, paths, self._directory, self._trial_timeout = ray.get(self.luggage)
        sys.path[:0] = [path for path in paths if path not in sys.path]
        self._evaluator: Evaluator = pickle.loads(evaluator)
        self._name = f"{ray.util.get_node_ip_address()}/{os.getpid()}"

        self._results = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:  # noqa: ARG002 - Tune has put it in self.config
        self._results = 0
        return True

    def step(self) -> dict[str, Any]:
        """The answer; after that, while the trial is kept open, nothing, ever more slowly."""
        self._results += 1
        if self._results > 1:
            time.sleep(min(1.0, 0.01 * 1.2**self._results))
            return {"answer": ""}
        with suppress(OSError):  # another machine may not have it
            os.chdir(self._directory)
        with suppress(
            OSError
        ):  # Tune makes a directory for each trial; an evaluator that has put something there may keep it
            os.rmdir(self.logdir)
        return {"answer": respond(self._evaluator, self.config["job"], self._name, self._trial_timeout)}


def _worker_class(evaluator: Evaluator, trial_timeout: float | None) -> type[tune.Trainable]:
    try:
        pickled = cloudpickle.dumps(evaluator)
    except Exception as error:
        raise UsageError(
            f"the evaluator cannot be sent to Ray workers ({in_one_line(error)}): make it picklable, or use --workers 0"
        ) from error
    luggage = ray.put((pickled, own_import_paths(), os.getcwd(), trial_timeout))
    return type("Worker", (_Worker,), {"luggage": luggage})


def _kill(trial: Any) -> None:
    actor = trial.temporary_state.ray_actor
    if actor is not None:
        with suppress(Exception):  # it may be dead already
            ray.kill(actor)


def _why_lost(trial: Any) -> str:
    text = ""
    if trial.error_file is not None:
        with suppress(OSError):
            text = Path(trial.error_file).read_text(errors="replace").strip()
    return why_it_died(text)


def _start(workers: int) -> Path:
    """Starts Ray on this machine, reachable from it alone, with one CPU slot a worker. Returns its directory."""
    # Short and not under $TMPDIR: the path of a Unix socket may have 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="nb-ray-", dir="/tmp" if os.path.isdir("/tmp") else None))
    unless_set = {
        "OMP_NUM_THREADS": str(max(1, num_cores() // workers)),
        # Ray's own guard breaks Tune. The kernel ends the worker alone: Ray has marked it as the first to go.
        "RAY_memory_monitor_refresh_ms": "0",
    }
    variables = {**WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(own_import_paths())}
    variables |= {name: os.environ.get(name, value) for name, value in unless_set.items()}
    try:
        with environment(variables):
            ray.init(
                address="local",
                num_cpus=workers,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                object_store_memory=OBJECT_STORE_BYTES,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                _temp_dir=str(directory),
            )
    except BaseException as error:
        _leave(directory)
        if isinstance(error, Exception):
            raise RunFailed(f"Ray did not start on this machine ({in_one_line(error)}). Try --workers 0.") from error
        raise
    return directory


def _join(address: str) -> None:
    """Connects to a running cluster, of which this machine must be a node."""
    variables = {**WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(own_import_paths())}
    if "OMP_NUM_THREADS" in os.environ:  # else Ray gives each worker the threads of its CPU slot: one
        variables["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
    try:
        with environment(WORKER_ENVIRONMENT):
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, runtime_env={"env_vars": variables})
    except Exception as error:
        raise UsageError(
            f"cannot join the Ray cluster at --ray-address {address} ({in_one_line(error)}). {ADDRESS_HINT}"
        ) from error


def _leave(directory: Path | None) -> None:
    with _quiet():
        ray.shutdown()
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, Ray's log messages below CRITICAL and the warnings of its own code are dropped."""
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        if (
            threading.current_thread() is not threading.main_thread()
        ):  # the list of warning filters is one for all threads
            yield
            return
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"ray(\.|$)")
            yield
    finally:
        logger.setLevel(level)
