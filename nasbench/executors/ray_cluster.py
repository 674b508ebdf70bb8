"""Starts, joins and leaves Ray, and says what fits into it.

Importing this module imports ray; import it when it is used.
"""

import atexit
import logging
import os
import secrets
import threading
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from time import monotonic, sleep
from typing import Any, final

from nasbench.core.blame import in_one_line
from nasbench.core.count_text import quantity
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.not_written import not_written
from nasbench.core.stop_signals import WISHES
from nasbench.executors import ray_tls
from nasbench.executors.capacity import Share, Workers, kinds_of
from nasbench.executors.capacity import capacity as capacity
from nasbench.executors.capacity import why_it_died as why_it_died
from nasbench.executors.cluster_watch import ClusterWatch
from nasbench.executors.private_folder import RAY, close_private_folder, open_private_folder
from nasbench.executors.process import environment, num_cores, own_import_paths, same_signal_handlers
from nasbench.executors.ray_greeting import answers, greet
from nasbench.executors.reaper import Reaper
from nasbench.executors.unfit_tls import LOOPBACK

# Ray reads this when it is imported. There is no other way to keep the messages of its daemons off standard output,
# where `--json` prints one object.
with environment({"RAY_DEDUP_LOGS_SKIP_REGEX": "^"}):
    import ray
    from ray._private import ray_constants, services
    from ray._raylet import AuthenticationTokenLoader, Config, GcsClient  # type: ignore[attr-defined]
    from ray.exceptions import AuthenticationError

FIRST_NODE_SECONDS = 300.0
"""How long `--workers auto` waits for the first node on which a worker fits."""

OBJECT_STORE_BYTES = 200 * 2**20
"""Only the evaluator goes through Ray's object store (a larger one spills to disk)."""

WORKER_ENVIRONMENT = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # a worker that holds no GPU sees none
    "RAY_USAGE_STATS_ENABLED": "0",
}
NO_SPARE_WORKERS = {"RAY_prestart_worker_first_driver": "0", "RAY_enable_worker_prestart": "0"}
"""Tune gives its workers an environment of their own, so those that Ray starts beforehand would serve nobody."""
ADDRESS_HINT = (
    "Give --ray-address the HOST:PORT that 'ray start --head' printed, or leave it out to start Ray on this machine. "
    "A cluster with token authentication needs its token in ~/.ray/auth_token, or where $RAY_AUTH_TOKEN_PATH says."
)


@final
class RayCluster:
    """The Ray that `workers` workers with `gpus_per_worker` GPUs each run on; with 'auto', as many as fit.

    With `ray_address` (host:port of the head node, or 'auto') it joins that cluster. Without, it uses the Ray that this
    process is connected to, or starts Ray on this machine, until `close` or the end of this object.
    """

    def __init__(self, workers: Workers, gpus_per_worker: Share, ray_address: str | None) -> None:
        if workers != "auto" and workers < 1:
            raise UsageError(f"--workers takes a whole number from 1 on for Ray (0 is this process); got {workers}")
        self._is_shared_out = gpus_per_worker == "auto"
        gpus_per_worker = 1.0 if gpus_per_worker == "auto" else gpus_per_worker
        if gpus_per_worker > 1 and gpus_per_worker != int(gpus_per_worker):
            raise UsageError(f"--gpus-per-worker above 1 must be whole; got {gpus_per_worker}")
        self._workers, self._gpus_per_worker, self._address = workers, gpus_per_worker, ray_address
        self._disconnect: weakref.finalize[Any, RayCluster] | None = None

    def connect(self) -> None:
        """UsageError if no connection can be made, or if the workers do not fit. Calling it again does no harm."""
        starts = self._address is None and not ray.is_initialized()
        ray_tls.check_switch()
        if ray_tls.is_on():
            ray_tls.valid_until((LOOPBACK,) if starts else ())
        if self._address is not None:
            check_reachable(self._address)
        if not ray.is_initialized():
            with same_signal_handlers(), _no_handler_of_rays(), quiet():
                slots = num_cores() if self._workers == "auto" else self._workers
                own = _start(slots) if self._address is None else _join(self._address)
            self._disconnect = weakref.finalize(self, _leave, own)
            if not starts:
                self._check_own_certificate()
        fit, needed = self.room(), 1 if self._workers == "auto" or self._is_shared_out else self._workers
        end = monotonic() + (FIRST_NODE_SECONDS if self._workers == "auto" and self._address is not None else 0.0)
        while fit < needed and monotonic() < end:  # a cluster that grows: its nodes start
            sleep(1.0)
            fit = self.room()
        if fit < needed:
            total = ray.cluster_resources()
            self.close()
            raise UsageError(
                f"--workers {self._workers} with --gpus-per-worker {self._gpus_per_worker:g} do not fit: there are "
                f"{total.get('CPU', 0):g} CPU slots and {total.get('GPU', 0):g} GPUs, enough for {fit} such workers. "
                "Ask for fewer, or for a smaller share."
            )

    def _check_own_certificate(self) -> None:
        """UsageError, and Ray is left, where the certificate is not of the address that this machine has in the
        cluster: what other nodes ask of this process would come to nothing.
        """
        try:
            if ray_tls.is_on():
                ray_tls.valid_until((services.get_node_ip_address(),))
        except UsageError:
            self.close()
            raise

    def describe(self) -> str:
        """Connects, and says in one line what each worker has."""
        self.connect()
        total = ray.cluster_resources()
        nodes = sum(node["Alive"] for node in ray.nodes())
        where = (
            f"Ray {ray.__version__} on {quantity(nodes, 'node')} ({total.get('CPU', 0):g} CPU slots, "
            f"{total.get('GPU', 0):g} GPUs)"
        )
        if self._is_shared_out:
            device = "the share of a GPU that the first of them turn out to need"
        elif self._gpus_per_worker:
            kinds = ", ".join(kinds_of(total)) or "kind unknown"
            device = f"{self._gpus_per_worker:g} GPU{'s' * (self._gpus_per_worker > 1)} ({kinds})"
        else:
            device = "the CPU" + (" (the GPUs stay idle without --gpus-per-worker)" if total.get("GPU") else "")
        many = (
            f"as many workers as fit, now {self.room()}"
            if self._workers == "auto"
            else quantity(self._workers, "worker")
        )
        return f"{where}: {many}, each on {device}"

    def watched(self) -> ClusterWatch:
        """What tells whether the head still answers, and how many workers fit; to be used in a `with` block."""
        head = str(ray.get_runtime_context().gcs_address)
        node = getattr(ray._private.worker._global_node, "raylet_socket_name", None)
        return ClusterWatch(lambda: answers(head) and _is_open(node), self.room, self.lost_sentence)

    @property
    def lost_sentence(self) -> str:
        """What is said when the head is gone."""
        where = f"the Ray cluster at {self._address}" if self._address is not None else "Ray on this machine"
        return (
            f"{where} does not answer any more: its head or this node was killed, or the machine is gone. The finished "
            "trials are kept: go on with --resume when it is there again, or with another --ray-address or --workers."
        )

    def abandon(self) -> None:
        """Leaves a Ray whose head is gone without a call to it: each would wait for the head."""
        if self._disconnect is not None:
            self._disconnect.detach()  # the reaper stays: it ends what is left of that Ray after this process
            self._disconnect = None
        atexit.unregister(ray.shutdown)
        WISHES.abrupt = True

    def give(self, gpus_per_worker: float) -> None:
        """From now on each worker holds so many GPUs."""
        self._gpus_per_worker = gpus_per_worker

    def room(self) -> int:
        """How many workers fit into the nodes that are there now."""
        return capacity([node["Resources"] for node in ray.nodes() if node["Alive"]], self._gpus_per_worker)

    def close(self) -> None:
        """Leaves Ray, and ends it if this object started it. Calling it again does no harm."""
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None


def check_reachable(address: str) -> None:
    """UsageError within seconds if nothing answers: Ray itself would go on trying for much longer."""
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray-address {address}: Ray's client protocol is not supported. Run on a node of the cluster. "
            f"{ADDRESS_HINT}"
        )
    try:
        with quiet():
            head = services.canonicalize_bootstrap_address(address)  # of 'auto', and in the place of 127.0.0.1
        if head is not None:
            greet(head)
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"no Ray cluster answers at --ray-address {address} ({error}). {ADDRESS_HINT}") from error


def _is_open(unix_socket: str | None) -> bool:
    """Whether a process listens at a Unix socket, as far as anybody knows. All calls of this process go through that of
    its node; where it is gone, Ray ends the process without a word as soon as the head has noticed.
    """
    try:
        return not unix_socket or unix_socket in Path("/proc/net/unix").read_text(errors="replace")
    except OSError:
        return True


@contextmanager
def _no_handler_of_rays() -> Iterator[None]:
    """Inside, Ray does not put its handler of SIGTERM, which ends the process, in the place of the one there is."""
    sets = ray._private.utils.set_sigterm_handler
    ray._private.utils.set_sigterm_handler = lambda _handler: None
    try:
        yield
    finally:
        ray._private.utils.set_sigterm_handler = sets


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, Ray's log messages below CRITICAL and the warnings of its own code are dropped."""
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        if threading.current_thread() is not threading.main_thread():  # all threads share the list of warning filters
            yield
            return
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"ray(\.|$)")
            yield
    finally:
        logger.setLevel(level)


@dataclass(frozen=True)
class _Own:
    """What goes with a connection to Ray: who has the last word if this process is killed and, of a Ray that it has
    started, ends that; and the folder of such a Ray.
    """

    reaper: Reaper
    folder: tuple[Path, TextIOWrapper] | None = None

    def close(self) -> None:
        self.reaper.dismiss()
        if self.folder is not None:
            close_private_folder(*self.folder)


def _start(workers: int) -> _Own:
    """Starts Ray on this machine, with one CPU slot for each worker.

    It is reachable from this machine alone, by whoever reads its token: this user. Everything that it writes lies in a
    folder that is closed to others, since Ray opens its own to everybody.
    """
    folder = open_private_folder(RAY)
    token = folder[0] / "token"
    try:
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
    except OSError as error:
        close_private_folder(*folder)
        raise not_written(token, error) from error
    unless_set = {
        "OMP_NUM_THREADS": str(max(1, num_cores() // workers)),
        # Ray's own memory monitor breaks Tune. The kernel ends only the worker: Ray has marked it as the first to go.
        "RAY_memory_monitor_refresh_ms": "0",
        **NO_SPARE_WORKERS,
    }
    variables = {**WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(own_import_paths())}
    variables |= {name: os.environ.get(name, value) for name, value in unless_set.items()}
    variables |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    own = _Own(Reaper(folder[0]), folder)
    try:
        with environment(variables), _loopback():
            _read_authentication()
            ray.init(
                address="local",
                num_cpus=workers,
                include_dashboard=False,
                _node_ip_address=LOOPBACK,
                object_store_memory=OBJECT_STORE_BYTES,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                _temp_dir=str(folder[0] / "ray"),
            )
    except BaseException as error:
        _leave(own)
        if isinstance(error, Exception):
            raise RunFailed(f"Ray did not start on this machine ({in_one_line(error)}). Try --workers 0.") from error
        raise
    return own


@contextmanager
def _loopback() -> Iterator[None]:
    """Inside, Ray listens on the loopback interface. Without, it replaces 127.0.0.1 by the outward address."""
    reaches_out = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        with environment({ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0"}):
            yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = reaches_out


def _join(address: str) -> _Own:
    """Connects to a running cluster, of which this machine must be a node."""
    variables = {**WORKER_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(own_import_paths())}
    if "OMP_NUM_THREADS" in os.environ:  # otherwise Ray gives each worker the threads of its CPU slot: one
        variables["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
    try:
        with environment({**WORKER_ENVIRONMENT, **_authentication(address)}):
            _read_authentication()
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, runtime_env={"env_vars": variables})
    except Exception as error:
        raise UsageError(
            f"cannot join the Ray cluster at --ray-address {address} ({in_one_line(error)}). {ADDRESS_HINT}"
        ) from error
    return _Own(Reaper())


def _leave(own: _Own) -> None:
    with quiet():
        ray.shutdown()
    own.close()
    _read_authentication()


def _authentication(address: str) -> dict[str, str]:
    """Shows the user's token to a cluster that asks for one. What the user has set stays.

    Who shows a token also asks everybody else for it: on a cluster without, this process would refuse the head.
    """
    if "RAY_AUTH_MODE" in os.environ or not AuthenticationTokenLoader.instance().has_token(ignore_auth_mode=True):
        return {}
    try:
        GcsClient(address=services.canonicalize_bootstrap_address(address))
    except AuthenticationError:
        return {"RAY_AUTH_MODE": "token"}
    except Exception:  # joining it tells what is wrong
        return {}
    return {}


def _read_authentication() -> None:
    """Makes Ray read from the environment how it authenticates; it remembers what it read first."""
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
