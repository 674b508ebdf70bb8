"""An evaluator of one's own: scores an untrained network by how differently it sees different images (NASWOT).

    nasbench search --evaluator examples.activation_patterns:ActivationPatterns --objectives pattern_score,params \
        --space examples.toy_space:ToySpace --strategy random --dataset digits --trials 5 --wandb off

Each image switches some activations on and leaves the others off. Two images that switch the same ones look alike to
the network. With K[i, j] the number of activations that images i and j switch alike, the score is log |det K| (Mellor
et al. 2021, arXiv:2006.04647, equation 2).

The parameters of the constructor name what it needs of what nasbench offers: here the data set, the device and the
seed. Whatever has a default stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.core.errors import TrialFailed
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.registry import evaluators
from nasbench.core.seeds import derive
from nasbench.core.spec import Task
from nasbench.evaluators.building import build_seeded
from nasbench.train.device import resolve_device
from nasbench.train.loader import eval_batches
from nasbench.train.source import DataSource

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.GELU, nn.Hardswish)


@evaluators.register("activation_patterns")
@dataclass(frozen=True)
class ActivationPatterns:
    """Scores untrained networks by their activation patterns (NASWOT): nothing is trained."""

    data: DataSource
    device: str
    seed: int
    num_images: int = 32

    def check(self) -> None:
        """Whatever every trial would meet is answered here, before the search starts."""
        resolve_device(self.device)
        self.data.check()

    def task(self) -> Task:
        return self.data.task()

    def metrics(self) -> Sequence[str]:
        """May be left out. With it, a wrong name in --objectives is answered at once."""
        return ("pattern_score", "params")

    def identity(self) -> Mapping[str, Any]:
        """May be left out. With it, a run is not resumed on other data."""
        return {"data": self.data.identity()}

    def __call__(self, job: Job, report: Report) -> Metrics:  # noqa: ARG002 - nothing is trained, so nothing to report
        device = resolve_device(self.device)
        network = build_seeded(job.spec, derive(self.seed, "weights")).to(device).train()
        params = sum(parameter.numel() for parameter in network.parameters())
        patterns = _patterns(network, self._images(device, job.spec.pixels))  # (B, activations)
        alike = patterns @ patterns.T + (1 - patterns) @ (1 - patterns).T  # (B, B)
        sign, logarithm = torch.linalg.slogdet(alike)
        if sign <= 0:
            raise TrialFailed("the network does not tell two of the images apart: K has no inverse")
        return {"pattern_score": float(logarithm), "params": params}

    def _images(self, device: torch.device, pixels: int) -> Tensor:
        data = self.data.on(device, pixels)
        first = data.train.first(self.num_images)
        images, _ = next(iter(eval_batches(first, data, device, self.num_images)))
        return images  # (B, channels, H, W)


def _patterns(network: nn.Module, images: Tensor) -> Tensor:
    """1 where an activation is above 0, else 0: (B, activations)."""
    seen: list[Tensor] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, output: seen.append((output > 0).flatten(1).double()))
        for module in network.modules()
        if isinstance(module, ACTIVATIONS)
    ]
    if not hooks:
        raise TrialFailed("the network has none of the activations that are counted")
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()
    return torch.cat(seen, dim=1)
