"""What there is to say of a Ray cluster without Ray: whether anything answers, how many workers fit in, why a worker is
gone.
"""

import os
import socket
from collections.abc import Mapping, Sequence

from nasbench.core.errors import UsageError

ADDRESS_HINT = (
    "Give --ray-address the HOST:PORT that 'ray start --head' printed, or leave it out to start Ray on this machine."
)
SETTINGS = b"\x04"
HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS + b"\0\0\0\0\0"
"""What opens a gRPC connection: the preface and an empty SETTINGS frame, which the server answers with its own (RFC
9113, 3.4).
"""


def check_reachable(address: str) -> None:
    """UsageError within seconds where nothing answers: Ray itself would go on trying for much longer."""
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray-address {address}: Ray's client protocol is not supported. Run on a node of the cluster. "
            f"{ADDRESS_HINT}"
        )
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=3) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "0":
                connection.sendall(HTTP2_GREETING)
                greeting = connection.recv(9)  # the header of a frame; the fourth byte is its type
                if greeting[3:4] != SETTINGS:
                    raise ConnectionError("something else is listening there")
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"no Ray cluster answers at --ray-address {address} ({error}). {ADDRESS_HINT}") from error


def capacity(nodes: Sequence[Mapping[str, float]], gpus_per_worker: float) -> int:
    """How many workers of one CPU slot and `gpus_per_worker` GPUs the nodes (resource -> amount) hold at once."""
    slots = 0
    for node in nodes:
        cpus, gpus = int(node.get("CPU", 0)), node.get("GPU", 0)
        if gpus_per_worker > 1:
            cpus = min(cpus, int(gpus // gpus_per_worker))
        elif gpus_per_worker > 0:
            cpus = min(cpus, int(gpus) * int(1 / gpus_per_worker + 1e-9))  # a share lies within one GPU
        slots += cpus
    return slots


def why_it_died(text: str) -> str:
    """The reason for the log, from what Ray says of a worker that is gone."""
    if "low on memory" in text:
        return "the machine ran low on memory: Ray ended the worker"
    if "creation task" in text or "Traceback" in text:
        return text.splitlines()[-1].strip()[:500]
    return "the worker died: killed, crashed, or its machine is gone"
