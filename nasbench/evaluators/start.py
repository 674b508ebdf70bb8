"""What a training starts from: fresh weights, published ones, or those of a file; and what of them stays as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.identity import file_digest
from nasbench.core.spec import ModelSpec
from nasbench.train.checkpoint import load_weights
from nasbench.train.freezing import Freezing


@dataclass(frozen=True)
class Start:
    """Where the weights come from, and which of them learn.

    Attributes:
        pretrained: start from the published weights of a network of the zoo.
        weights: start from those weights of this file whose names and shapes fit.
        freeze: none, all-but-head, or stages:K. Weights that were carried over learn at a tenth of the rate.
    """

    pretrained: bool = False
    weights: str | None = None
    freeze: str = "none"

    def __post_init__(self) -> None:
        Freezing(self.freeze)  # says what is wrong with it

    def identity(self) -> Mapping[str, Any]:
        """What tells this start from another, as JSON; empty for fresh weights that all learn."""
        found: dict[str, Any] = {"pretrained": True} if self.pretrained else {}
        if self.weights:
            found["weights"] = file_digest(Path(self.weights))
        if self.freeze != "none":
            found["freeze"] = self.freeze
        return found

    def apply(self, network: nn.Module, spec: ModelSpec) -> Freezing:
        """Puts the weights into `network`. Returns what stays as it is and what learns slowly."""
        carried: tuple[str, ...] = ()
        if self.pretrained:
            carried = load_pretrained(network, spec)
        if self.weights:
            carried = carry(network, load_weights(Path(self.weights)))
        return replace(Freezing(self.freeze), pretrained=carried)


def carry(network: nn.Module, weights: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    """Takes over the weights whose name and shape fit, and returns their names. UsageError where none does."""
    mine = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in mine and mine[name].shape == value.shape}
    if not any(name.endswith("weight") for name in fitting):
        raise UsageError(
            f"none of the {len(weights)} weights has the name and the shape of one in this network; give those of a "
            "smaller form of it"
        )
    network.load_state_dict({**mine, **fitting})
    return tuple(fitting)


def load_pretrained(network: nn.Module, spec: ModelSpec) -> tuple[str, ...]:
    """Puts published weights into a network, with the settings that they presuppose, and returns their names.

    A classifier for other classes keeps its fresh weights.
    """
    import zoo

    if spec.source != "zoo":
        raise TrialFailed(f"no weights are published for {spec.source}:{spec.name or 'a searched architecture'}")
    published = zoo.create(str(spec.name), pretrained=True)
    theirs = dict(published.named_modules())
    for name, module in network.named_modules():
        like = theirs.get(name)
        if isinstance(module, nn.BatchNorm2d) and isinstance(like, nn.BatchNorm2d):
            module.eps = like.eps
    if getattr(published, "transform_input", False) and spec.task.channels == 3:
        setattr(network, "transform_input", True)  # noqa: B010 -- a plain attribute, which nn.Module does not declare
    return carry(network, published.state_dict())
