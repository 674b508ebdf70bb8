"""Data-parallel training over torch.distributed: several processes train one network, each on its part of every batch.

All parts have the same size, so that the mean of the replicas' gradients is the gradient of the whole batch. A single
process counts as one replica.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from nasbench.core.errors import UsageError
from nasbench.core.seeds import derive

T = TypeVar("T")


@dataclass(frozen=True)
class Replicas:
    """This process is number `rank` of `count`. If `count` is above 1, the process group has been started already."""

    rank: int = 0
    count: int = 1

    @property
    def is_leader(self) -> bool:
        """True in the one process that writes files and prints."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """The device of this replica. If a machine has several GPUs, it is the one with the number in $LOCAL_RANK.

        torchrun and Ray Train set that variable.
        """
        if self.count == 1 or device.type != "cuda":
            return device
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())

    def check_batch(self, batch_size: int) -> int:
        """Returns `batch_size`. UsageError if it cannot be divided into equal parts."""
        if batch_size % self.count:
            nearest = max(self.count, round(batch_size / self.count) * self.count)
            raise UsageError(
                f"batches of {batch_size} images do not fall into {self.count} equal parts; "
                f"nearest batch size: {nearest}"
            )
        return batch_size

    def part(self, rows: Tensor) -> Tensor:
        """(steps, batch, ...) -> the part of this replica, (steps, batch / count, ...)."""
        return rows.chunk(self.count, dim=1)[self.rank]

    def seed(self, seed: int, *purpose: str | int) -> int:
        """A seed for this replica. The first replica has the seed that a single process would have."""
        return derive(seed, *purpose, "replica", self.rank) if self.rank else derive(seed, *purpose)

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """`model` with gradients averaged over the replicas; on GPUs batch normalisation uses the whole batch."""
        if self.count == 1:
            return model
        if device.type == "cuda":  # SyncBatchNorm needs GPUs; on CPUs each replica normalises its own part
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)

    def equal(self, model: nn.Module) -> nn.Module:
        """`model` with the leader's weights. For a network of which a step runs a part; see `average_gradients`.

        Each replica normalises its own part of a batch, on GPUs too.
        """
        if self.count > 1:
            for tensor in model.state_dict().values():
                distributed.broadcast(tensor, src=0)
        return model

    def average_gradients(self, model: nn.Module) -> None:
        """Averages the gradients over the replicas, in place. Parameters without a gradient keep none.

        All replicas must have run the same layers. DistributedDataParallel would wait for the gradients of all
        parameters, or give those that did not run a gradient of zero.
        """
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        whole = torch.cat([gradient.reshape(-1) for gradient in gradients])  # (elements of all gradients)
        distributed.all_reduce(whole)
        whole /= self.count
        for gradient, mean in zip(gradients, whole.split([each.numel() for each in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def from_leader(self, compute: Callable[[], T]) -> T:
        """What `compute` returns in the leader, in every replica: on GPUs, two of them may differ in the last bits."""
        found = [compute() if self.is_leader else None]
        if self.count > 1:
            distributed.broadcast_object_list(found, src=0)
        return cast("T", found[0])

    @staticmethod
    def no_sync(replica: nn.Module, more_to_come: bool) -> AbstractContextManager[None]:
        """A context in which gradients add up in this process without being averaged over the replicas.

        It does nothing unless `more_to_come`: the last part of a batch averages what all its parts have added up.
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
        """Copies the leader's buffers to every replica, since running statistics differ between replicas."""
        if self.count > 1:
            for buffer in model.buffers():
                distributed.broadcast(buffer, src=0)

    def union(self, names: Iterable[str]) -> list[str]:
        """All names that any of the replicas passes, sorted and without duplicates."""
        return sorted({name for part in self.gather(list(names)) for name in part})

    def gather(self, mine: T) -> list[T]:
        """What each replica passes, by rank, in every replica."""
        found = [mine] * self.count
        if self.count > 1:
            distributed.all_gather_object(found, mine)
        return found

    def wait(self) -> None:
        """Waits until all replicas have called this."""
        if self.count > 1:
            distributed.barrier()


ALONE = Replicas()


def of_process_group() -> Replicas:
    """The replicas of the process group that torchrun or Ray Train has started; ALONE if there is none."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return ALONE
    return Replicas(distributed.get_rank(), distributed.get_world_size())
