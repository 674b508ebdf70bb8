"""The processes that torchrun started, as one group: torchrun --nproc-per-node 8 -m -- nasbench transfer MODEL ...

Without the `--`, torchrun takes `--run` for a flag of its own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

PATIENCE = timedelta(hours=1)
"""Of processes that wait for another: the leading one alone reads the test split."""


def started_by_torchrun() -> bool:
    """Whether this process is one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def group_of_torchrun(device: str) -> Iterator[bool]:
    """Inside, this process is in the group that torchrun's environment describes; True in the one that leads."""
    from torch import distributed

    from nasbench.train.device import resolve_device

    distributed.init_process_group("nccl" if resolve_device(device).type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield distributed.get_rank() == 0
        if distributed.is_initialized():
            distributed.barrier()  # a group that one process has left may abort the others
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def leave_group() -> None:
    """The leading process goes on alone, and the others, once they are done, end."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
