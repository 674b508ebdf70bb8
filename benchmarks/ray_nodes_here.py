"""Three Ray nodes of this machine, each with one CPU slot and four declared GPUs, on a machine that others use too."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")
"""Of a node's helpers. Ray ends a node whose helpers have not told their ports within 15 s, unless they are given."""
NODE = {"num_cpus": 1, "num_gpus": 4, "object_store_memory": 100 * 2**20, "include_log_monitor": False}
NODE_SECONDS, STARTS, PAUSE_SECONDS = 60.0, 10, 10.0
"""How long a node may take to start, how often that is tried, and what lies between."""


def three_nodes() -> Any:
    """The `ray.cluster_utils.Cluster`."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    add_node(cluster, include_dashboard=False, no_monitor=True)
    for _ in range(2):
        add_node(cluster)
    cluster.wait_for_nodes(timeout=NODE_SECONDS)
    return cluster


def add_node(cluster: Any, **more: Any) -> None:
    """Starts a node, the head if there is none; another one where that did not start."""
    for left in reversed(range(STARTS)):
        try:
            with slow_starts():
                cluster.add_node(wait=False, **NODE, **dict(zip(PORTS, free_ports(), strict=True)), **more)
            return
        except Exception:  # Ray's error has no type of its own
            if not left:
                raise
            time.sleep(PAUSE_SECONDS)


def free_ports() -> list[int]:
    """One for each of PORTS."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("", 0))) for _ in PORTS]
        return [each.getsockname()[1] for each in taken]


@contextmanager
def slow_starts() -> Iterator[None]:
    """Inside, a node has NODE_SECONDS to start: Ray itself gives it half a minute."""
    from ray._private import services

    asked = services.get_node

    def waited(*which: Any) -> Any:
        end = time.monotonic() + NODE_SECONDS
        while time.monotonic() < end:
            with suppress(RuntimeError):
                return asked(*which)
            time.sleep(0.5)
        return asked(*which)

    services.get_node = waited
    try:
        yield
    finally:
        services.get_node = asked
