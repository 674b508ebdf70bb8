"""ScheduledDropPath (Zoph et al. 2018, arXiv:1707.07012, appendix A.5), as in the released code ("v3").

For each example, a path of a cell is dropped with a probability that grows with the depth and during the training:

    p = p_final * (cell + 1) / total_cells * share of the training done

The values of a path that is kept are divided by 1 - p.
"""

import torch
from torch import Tensor, nn


class DropPath(nn.Module):
    """Sets whole examples of a path to zero, in training mode. `layer_share` is (cell + 1) / total_cells, in (0, 1].

    `final` and `progress` are set from outside (`set_drop_path`, `set_progress`). `final` is 0 at first: nothing is
    dropped. Compiled code and CUDA graphs read the probability from the tensor `chance`, since a Python number would be
    a constant of theirs. None of the three is in the state_dict.
    """

    def __init__(self, layer_share: float = 1.0) -> None:
        super().__init__()
        assert 0.0 < layer_share <= 1.0, layer_share
        self.layer_share = layer_share
        self.final = 0.0
        self.progress = 1.0
        self.chance: Tensor | None = None

    @property
    def probability(self) -> float:
        """The present probability of dropping an example, in training mode."""
        return self.final * self.layer_share * self.progress

    def forward(self, x: Tensor) -> Tensor:  # (B, ...)
        if not self.training or self.final == 0.0:
            return x
        if self.chance is not None:  # noqa: SIM102 - TorchScript leaves out what follows a condition as plain as this
            if _becomes_code(x):
                return _dropped(x, self.chance)
        dropped = self.probability
        if dropped == 0.0:
            return x
        keep = 1.0 - dropped
        mask = torch.empty((x.shape[0],) + (1,) * (x.dim() - 1), dtype=x.dtype, device=x.device)  # (B, 1, ...)
        return x * mask.bernoulli_(keep).div_(keep)  # (B, ...)

    def extra_repr(self) -> str:
        return f"layer_share={self.layer_share:.3g}, final={self.final:.3g}"


def _dropped(x: Tensor, chance: Tensor) -> Tensor:
    """x (B, ...), examples of which are zero with the probability `chance`."""
    kept = 1.0 - chance
    drawn = torch.rand((x.shape[0],) + (1,) * (x.dim() - 1), device=x.device) < kept  # (B, 1, ...)
    return x * (drawn / kept).to(x.dtype)  # (B, ...)


def _becomes_code(x: Tensor) -> bool:
    """Whether what is computed now is compiled or captured, to be run again later."""
    return torch.compiler.is_compiling() or (x.is_cuda and torch.cuda.is_current_stream_capturing())


def set_drop_path(model: nn.Module, probability: float) -> None:
    """Sets the final probability, in [0, 1), of every DropPath in `model`."""
    if not 0.0 <= probability < 1.0:
        raise ValueError(f"a drop-path probability lies in [0, 1); got {probability}")
    for module in model.modules():
        if isinstance(module, DropPath):
            module.final = probability


def set_progress(model: nn.Module, share: float) -> None:
    """Tells every DropPath in `model` which share of the training is done, from 0 on; more than 1 counts as 1."""
    assert share >= 0.0, share
    for module in model.modules():
        if isinstance(module, DropPath):
            module.progress = min(1.0, share)
            if module.chance is not None:
                module.chance.fill_(module.probability)


def hold_probabilities(model: nn.Module) -> None:
    """Gives every DropPath in `model` its `chance`, a tensor on the device of the model's first parameter."""
    device = next(model.parameters()).device
    for module in model.modules():
        if isinstance(module, DropPath):
            module.chance = torch.tensor(module.probability, device=device)
