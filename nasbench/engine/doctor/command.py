"""All that `nasbench doctor` looks at, in the order in which it is shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nasbench.engine.config.record import Record, number, part
from nasbench.engine.doctor.finding import Finding
from nasbench.train.location import default_data_dir


@dataclass(frozen=True)
class DoctorConfig(Record):
    """Says what this machine and a cluster can do, and what to mend. Status 1 where something is to be mended.

    Nothing is fetched, and nothing is left on the disk.

    Example: nasbench doctor --dataset cifar10 --ray-address 10.0.0.1:6379 --gpus-per-worker 0.5
    """

    run: str = "runs"
    """Where runs would lie: a run directory, or the directory that they are made in."""
    dataset: str | None = part(None, "data set")
    """A data set that must be there (else any will do): cifar10, imagenet, folder:PATH, ..."""
    data_dir: str | None = None
    """Where data sets lie (else $NASBENCH_DATA, else the user cache)."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """The device that trainings are to have."""
    ray_address: str | None = None
    """A running Ray cluster: every node is asked for its devices and versions (else Ray is not started)."""
    workers: int = number(0, low=0)
    """Workers that must fit into the cluster (0: one)."""
    gpus_per_worker: float = number(0.0, low=0)
    """GPUs that each of them holds; fractions share one."""
    wandb: Literal["auto", "online", "offline", "off"] = "auto"
    """How Weights & Biases is to log. The key is never shown."""
    json: bool = False
    """One JSON object on standard output."""


def examine(config: DoctorConfig) -> list[Finding]:
    """Looks at everything. What an examination itself raises is a finding too: one page says all there is to say."""
    return [finding for name, look in _examinations(config) for finding in _all(name, look)]


def _examinations(config: DoctorConfig) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    data_dir = None if config.data_dir is None else Path(config.data_dir)
    runs = Path(config.run)

    def packages() -> Iterator[Finding]:
        from nasbench.engine.doctor.packages import packages

        yield from packages()

    def machine() -> Iterator[Finding]:
        from nasbench.engine.doctor.machine import machine

        yield from machine(config.device)

    def places() -> Iterator[Finding]:
        from nasbench.engine.doctor import places

        yield from places.runs(runs)
        yield from places.data(config.dataset, data_dir)

    def tracking() -> Iterator[Finding]:
        from nasbench.engine.doctor.tracking import tracking

        yield from tracking(config.wandb)

    def cluster() -> Iterator[Finding]:
        from nasbench.engine.doctor.cluster import cluster
        from nasbench.engine.doctor.tls import tls

        yield from tls(config.ray_address)
        needed = None if config.dataset == "digits" else data_dir or default_data_dir()
        yield from cluster(config.ray_address, config.workers, config.gpus_per_worker, runs, needed)

    yield from (("packages", packages), ("machine", machine), ("places", places), ("tracking", tracking))
    yield "cluster", cluster


def _all(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        remedy = "Mend what the message names; the other lines hold."
        yield Finding(name, name, "broken", f"could not be looked at ({type(error).__name__}: {error})", remedy)


def as_json(found: list[Finding]) -> dict[str, Any]:
    """What `--json` prints."""
    broken = [each.name for each in found if each.state == "broken"]
    return {"ok": not broken, "broken": broken, "findings": [each.to_json() for each in found]}
