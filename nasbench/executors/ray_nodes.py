"""What each node of a Ray cluster has: its resources, and what a task finds there.

Importing this module imports ray; import it when it is used.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nasbench.core.blame import in_one_line
from nasbench.executors.capacity import capacity, kinds_of
from nasbench.executors.ray_cluster import RayCluster, quiet

import ray  # isort: skip - after ray_cluster, which sets what ray reads when it is imported
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # isort: skip

ANSWER_SECONDS = 60.0
"""How long all nodes together may take: each starts a process, which imports PyTorch."""


@dataclass(frozen=True)
class Node:
    """A node that is there. `found` is what its task said; None where it did not, and `problem` says why."""

    address: str
    cpus: float
    gpus: float
    kinds: tuple[str, ...]
    memory_bytes: float
    found: Mapping[str, Any] | None
    problem: str = ""


def nodes(cluster: RayCluster, shared: Path, data: Path) -> list[Node]:
    """The nodes of a cluster that is joined, the head first. Each is asked for its versions, and whether it sees
    `shared` and `data`.
    """
    cluster.connect()
    alive = sorted((node for node in ray.nodes() if node["Alive"]), key=lambda node: not _is_head(node))
    work = ray.remote(num_cpus=0, max_retries=0)(look(str(shared), str(data)))
    with quiet():
        asked = {node["NodeID"]: work.options(scheduling_strategy=_on(node)).remote() for node in alive}
        ready, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=ANSWER_SECONDS)
        return [_node(node, asked[node["NodeID"]], ready) for node in alive]


def fitting(found: Sequence[Node], gpus_per_worker: float) -> int:
    """How many workers fit on these nodes at once."""
    return capacity([{"CPU": node.cpus, "GPU": node.gpus} for node in found], gpus_per_worker)


def look(shared: str, data: str) -> Callable[[], dict[str, Any]]:
    """A function that says what is on the machine where it is called. It travels by value: nasbench may be missing
    there, which is what it is to find out.
    """

    def found() -> dict[str, Any]:
        import importlib
        import importlib.metadata
        import os
        import platform

        versions: dict[str, str | None] = {"python": ".".join(platform.python_version_tuple()[:2])}
        broken: dict[str, str] = {}
        for package in ("torch", "torchvision", "ray", "nasbench"):
            try:
                importlib.import_module(package)
            except Exception as error:
                broken[package] = str(error)
            try:
                versions[package] = importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                versions[package] = None
        here = {"shared": os.path.exists(shared), "data": os.path.isdir(data)}
        return {"versions": versions, "broken": broken, **here}

    return found


def own_versions() -> dict[str, Any]:
    """What `look` says of this process."""
    versions: dict[str, Any] = look(os.devnull, os.sep)()["versions"]
    return versions


def _is_head(node: Mapping[str, Any]) -> bool:
    return "node:__internal_head__" in node["Resources"]


def _on(node: Mapping[str, Any]) -> Any:
    there: Any = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
    return there


def _node(node: Mapping[str, Any], answer: Any, ready: Sequence[Any]) -> Node:
    has = node["Resources"]
    kinds = tuple(kinds_of(has))
    found, problem = None, f"no task began there within {ANSWER_SECONDS:.0f} seconds"
    if answer in ready:
        try:
            found, problem = ray.get(answer), ""
        except Exception as error:
            problem = in_one_line(error)
    address = f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}" + (" (head)" if _is_head(node) else "")
    cpus, gpus, memory = (float(has.get(name, 0)) for name in ("CPU", "GPU", "memory"))
    return Node(address, cpus, gpus, kinds, memory, found, problem)
