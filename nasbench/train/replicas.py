"""The processes that train one network together, each on its part of every batch: data-parallel training over
torch.distributed.

The gradients' mean over replicas is that of the whole batch, as all parts are of one size. One process is the case of
one replica.
"""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from nasbench.core.errors import UsageError
from nasbench.core.seeds import derive


@dataclass(frozen=True)
class Replicas:
    """`rank` of `count` processes, of a process group that has been started already."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """True in the one process that writes files and speaks."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """This replica's own: of several GPUs of a machine, the one with its number there (torchrun and Ray Train give
        it).
        """
        if self.count == 1 or device.type != "cuda":
            return device
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())

    def check_batch(self, batch_size: int) -> int:
        """UsageError where a batch does not fall into equal parts."""
        if batch_size % self.count:
            nearest = max(self.count, round(batch_size / self.count) * self.count)
            raise UsageError(
                f"batches of {batch_size} images do not fall into {self.count} equal parts; nearest batch size: "
                f"{nearest}"
            )
        return batch_size

    def part(self, rows: Tensor) -> Tensor:
        """(steps, batch, ...) -> this replica's (steps, batch / count, ...)."""
        return rows.chunk(self.count, dim=1)[self.rank]

    def seed(self, seed: int, *purpose: str | int) -> int:
        """A seed of this replica's own; that of one process for the first."""
        return derive(seed, *purpose, "replica", self.rank) if self.rank else derive(seed, *purpose)

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """`model` with gradients averaged over the replicas; on GPUs its batch normalisation sees the whole batch."""
        if self.count == 1:
            return model
        if device.type == "cuda":  # there is no such layer for CPUs: there, each replica normalises its own part
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)

    @staticmethod
    def alone_for_now(replica: nn.Module, more_to_come: bool) -> AbstractContextManager[None]:
        """Inside, gradients are gathered here and not yet averaged over replicas, where there is more of the batch to
        come.
        """
        if more_to_come and isinstance(replica, DistributedDataParallel):
            return replica.no_sync()
        return nullcontext()

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over replicas, in place."""
        if self.count > 1:
            distributed.all_reduce(tensor)
        return tensor

    def share_statistics(self, model: nn.Module) -> None:
        """Gives every replica the leader's buffers: each has gathered statistics from its own part of the batches."""
        if self.count > 1:
            for buffer in model.buffers():
                distributed.broadcast(buffer, src=0)

    def union(self, names: Iterable[str]) -> list[str]:
        """What any of the replicas names, sorted."""
        found = [list(names)]
        if self.count > 1:
            mine, found = found[0], [[] for _ in range(self.count)]
            distributed.all_gather_object(found, mine)
        return sorted({name for part in found for name in part})

    def wait(self) -> None:
        """Until all replicas are here."""
        if self.count > 1:
            distributed.barrier()


ALONE = Replicas()


def of_process_group() -> Replicas:
    """The replicas of the process group that was started (torchrun, Ray Train); one where there is none."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return ALONE
    return Replicas(distributed.get_rank(), distributed.get_world_size())
