"""A proxy as an evaluator: builds the job's network from its seed, and scores it without training it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.job import Job
from nasbench.core.options import named_arguments
from nasbench.core.protocols import Countable, Metrics, Report
from nasbench.core.proxy import IMAGES, OFFERED, Needs, metric_of, needs_of, proxy_named
from nasbench.core.registry import evaluators, proxies, spaces
from nasbench.core.seeds import derive
from nasbench.core.shown import sentence
from nasbench.core.spec import ModelSpec, Task
from nasbench.evaluators.building import build_seeded
from nasbench.nn.pointwise import with_safe_pointwise
from nasbench.profile import count
from nasbench.train.device import fitting_threads, isolated_rng, resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.loader import eval_batches
from nasbench.train.source import DataSource

COUNTS = ("params", "macs")
BUILT = ("network", *IMAGES)
"""What of the offered values needs a network."""


@evaluators.register("proxy")
@dataclass(frozen=True)
class ProxyEvaluator:
    """Scores networks by the proxy with that name or import path. The same job gives the same score.

    The weights of a network depend on the job's seed alone, as in a training; so do the images, which are drawn from
    the training split and preprocessed as in training, and the random numbers that a proxy draws from PyTorch.

    Attributes:
        proxy: a name, or package.module:function.
        data: where images come from, and what networks are built for.
        undefined_ranks_last: a part that is not defined is None, as it is to be ranked. Else it fails the trial.
    """

    proxy: str
    data: DataSource
    device: str = "auto"
    undefined_ranks_last: bool = False

    def check(self) -> None:
        """UsageError where the proxy needs what is not offered, and where the device or the images are missing."""
        resolve_device(self.device)
        self._arguments(dict.fromkeys(OFFERED))
        if not proxies.is_built_in(self.proxy) and {metric_of(self.proxy), *self._needs.parts} & {*COUNTS}:
            raise UsageError(
                f"the proxy {self.proxy!r} is called as what a network counts ({', '.join(COUNTS)}). Rename it."
            )
        if self._reads_images:
            self.data.check()

    def task(self) -> Task:
        return self.data.task()

    def metrics(self) -> Sequence[str]:
        return tuple(dict.fromkeys((*(self._needs.parts or (metric_of(self.proxy),)), *COUNTS)))

    def identity(self) -> Mapping[str, Any]:
        """The proxy, and the content of the data set if it reads images."""
        return {"proxy": self.proxy, **({"data": self.data.identity()} if self._reads_images else {})}

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - nothing is trained
        """The proxy's value under its name, or its parts; and `params` and `macs`.

        TrialFailed where the network cannot be built, and where the proxy is not defined on it.
        """
        named = self._arguments(dict.fromkeys(OFFERED))
        device, spec, needs = resolve_device(self.device), job.spec, self._needs
        network = _build(spec, job.seed) if any(name in named for name in BUILT) else None
        params, macs = _counts(spec, job.seed, network)
        offered: dict[str, Any] = {"task": spec.seen_task, "params": params, "macs": macs}
        with (
            isolated_rng(device, derive(job.seed, "proxy")),
            fitting_threads(device, macs * needs.batch_size),
            trial_boundary(f"the proxy {self.proxy!r}"),
        ):
            if network is not None:
                offered["network"] = network.to(device).train()
            if self._reads_images:
                offered["batches"] = batches = self._batches(device, spec, job.seed)
                offered["images"], offered["labels"] = batches[0]
            returned = self._function(**self._arguments(offered))
        return {**self._read(returned), "params": params, "macs": macs}

    @property
    def _function(self) -> Callable[..., Any]:
        return proxy_named(self.proxy)

    @property
    def _needs(self) -> Needs:
        return needs_of(self._function)

    @property
    def _reads_images(self) -> bool:
        return any(name in self._arguments(dict.fromkeys(OFFERED)) for name in IMAGES)

    def _arguments(self, offered: Mapping[str, Any]) -> dict[str, Any]:
        return named_arguments(self._function, f"proxy {self.proxy!r}", None, 0, offered)

    def _batches(self, device: torch.device, spec: ModelSpec, seed: int) -> list[tuple[Tensor, Tensor]]:
        """Different training images in each; smaller batches where the data set has not so many."""
        data, needs = self.data.on(device, spec.pixels), self._needs
        size = max(1, min(needs.batch_size, len(data.train) // needs.batches))
        shuffler = torch.Generator().manual_seed(derive(seed, "proxy images"))
        order = torch.randperm(len(data.train), generator=shuffler)[: size * needs.batches]
        batches = list(eval_batches(data.train.take(order), data, device, size))
        if len(batches) < needs.batches:
            raise TrialFailed(f"no image of a batch of {size} could be read")
        return batches

    def _read(self, returned: Any) -> dict[str, float | None]:
        """The value by its name, or the parts. UsageError for what no network would make a number."""
        parts, name = self._needs.parts, metric_of(self.proxy)
        if parts:
            if not isinstance(returned, Mapping) or set(returned) != set(parts):
                raise UsageError(f"the proxy {self.proxy!r} must return its parts {', '.join(parts)}; got {returned!r}")
            undefined = [part for part in parts if returned[part] is None or not isfinite(returned[part])]
            may_lack = self.undefined_ranks_last if self._needs.score is None else self._needs.score not in undefined
            if undefined and not may_lack:
                raise TrialFailed(f"the proxy {self.proxy!r} is not defined on this network: no {', '.join(undefined)}")
            return {part: None if part in undefined else returned[part] for part in parts}
        returned = returned.detach() if isinstance(returned, Tensor) else returned
        try:
            value = returned if isinstance(returned, int) else float(returned)
        except (TypeError, ValueError, RuntimeError) as error:
            told = f"the proxy {self.proxy!r} must return one number; it returned {type(returned).__name__}"
            raise UsageError(f"{told} ({sentence(error)})") from error
        if not isfinite(value):
            raise TrialFailed(f"the proxy {self.proxy!r} is not defined on this network: its value is {value}")
        return {name: value}


def _build(spec: ModelSpec, seed: int) -> nn.Module:
    with trial_boundary("building the network"):
        try:
            return with_safe_pointwise(build_seeded(spec, seed))
        except UsageError as error:  # the size fits other networks: this one alone is wrong
            raise TrialFailed(f"building the network failed: {error}") from error


def _counts(spec: ModelSpec, seed: int, network: nn.Module | None) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image). A space that knows them is asked: counting a network takes as
    long as a cheap proxy.
    """
    if spec.architecture is not None:
        space = spaces.make(spec.source.removeprefix("space:"))
        if isinstance(space, Countable):
            return space.counts(spec.architecture, spec.size, spec.task)
    with trial_boundary("counting the network"):
        return count(network if network is not None else _build(spec, seed), spec.seen_task)
