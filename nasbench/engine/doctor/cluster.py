"""What a Ray cluster can do: whether it is reached, what its nodes have, and whether they are alike."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nasbench.core.count_text import quantity
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.not_written import nearest_there
from nasbench.engine.doctor.finding import Finding, gibibytes

AREA = "cluster"
HOW_TO_REACH = (
    "Look whether the head runs (ray status), whether a firewall lets this machine reach it, and whether the token is "
    "in ~/.ray/auth_token of both; then give --ray-address the HOST:PORT that 'ray start --head' printed."
)


def cluster(
    address: str | None, workers: int, gpus_per_worker: float, runs: Path, data: Path | None
) -> Iterator[Finding]:
    """Joins the cluster, and asks each node; without an address nothing is started. Nodes need the directory `data`."""
    if address is None:
        told = "none was named: --workers K starts Ray on this machine alone, on the loopback interface"
        yield Finding(AREA, "Ray", "ok", told)
        return
    try:
        from nasbench.executors.ray_cluster import RayCluster
        from nasbench.executors.ray_nodes import nodes, own_versions
    except Exception as error:
        yield Finding(AREA, "Ray", "broken", f"ray cannot be imported ({error})", "pip install --force-reinstall ray")
        return
    joined = RayCluster(1, 0.0, address)
    try:
        joined.connect()
        with tempfile.NamedTemporaryFile(dir=nearest_there(runs.absolute()), prefix=".doctor-") as probe:
            found = nodes(joined, Path(probe.name), Path(os.sep) if data is None else data.absolute())
    except (UsageError, RunFailed) as error:
        yield Finding(AREA, "Ray", "broken", str(error), HOW_TO_REACH)
        return
    except OSError:
        yield Finding(
            AREA, "Ray", "note", f"{address} is reached; nodes were not asked, as runs cannot be written here"
        )
        return
    finally:
        joined.close()
    yield _whole(address, found, workers, gpus_per_worker)
    mine = own_versions()
    for node in found:
        yield from _node(node, mine, runs)


def _whole(address: str, found: list[Any], workers: int, gpus_per_worker: float) -> Finding:
    from nasbench.executors.ray_nodes import fitting

    fit = fitting(found, gpus_per_worker)
    cpus, gpus = sum(node.cpus for node in found), sum(node.gpus for node in found)
    share = f" with {gpus_per_worker:g} GPUs each" if gpus_per_worker else ""
    told = (
        f"{address}: {quantity(len(found), 'node')}, {cpus:g} CPU slots, {gpus:g} GPUs; "
        f"{quantity(fit, 'worker fits', 'workers fit')}{share}"
    )
    if fit < max(1, workers):
        remedy = (
            f"Take --workers {fit}, or a smaller --gpus-per-worker."
            if fit
            else "Start nodes: ray start --address HOST:PORT."
        )
        return Finding(AREA, "Ray", "broken", told, remedy)
    if gpus and not gpus_per_worker:
        return Finding(AREA, "Ray", "note", f"{told}, all on CPUs", "Give --gpus-per-worker, or the GPUs stay idle.")
    return Finding(AREA, "Ray", "ok", told)


def _node(node: Any, mine: Mapping[str, Any], runs: Path) -> Iterator[Finding]:
    kinds = f" ({', '.join(node.kinds)})" if node.kinds else ""
    has = f"{node.cpus:g} CPU slots, {node.gpus:g} GPUs{kinds}, {gibibytes(node.memory_bytes)} of memory"
    name = f"node {node.address}"
    if node.found is None:
        remedy = "Look at its log (ray logs), or take it out with the cluster's own tools; a search goes on without it."
        yield Finding(AREA, name, "broken", f"{has}; it does not answer: {node.problem}", remedy)
        return
    unlike = [
        f"{package} {theirs or 'missing'} where this machine has {mine[package] or 'none'}"
        for package, theirs in node.found["versions"].items()
        if theirs != mine[package]
    ]
    unlike += [f"{package} cannot be imported ({why})" for package, why in node.found["broken"].items()]
    if unlike:
        remedy = (
            "Install the same versions on every node: results would depend on where a trial ran, or trials would fail."
        )
        yield Finding(AREA, name, "broken", f"{has}; {'; '.join(unlike)}", remedy)
    elif not node.found["shared"]:
        told = f"{has}; it does not see {runs.absolute()}"
        remedy = "Put runs on a file system that all nodes share (--run), or the weights of its trials are lost."
        yield Finding(AREA, name, "broken", told, remedy)
    elif not node.found["data"]:
        told = f"{has}; it has no data directory where this machine looks for one"
        yield Finding(
            AREA,
            name,
            "note",
            told,
            "Put the data sets at the same path on every node, or name a shared one with --data-dir.",
        )
    else:
        yield Finding(AREA, name, "ok", f"{has}; same versions, sees the runs and the data")
