"""Batch normalisation in supernets."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm


class SharedNorm(nn.BatchNorm2d):
    """Batch normalisation of as many channels as the input has; they are the first of its own.

    In training mode it uses the batch's statistics, and leaves the running statistics alone; see
    `nasbench.nn.recalibration`. Without scale and shift, weights that many paths share are not fitted to the scale that
    one of them wants (Guo et al. 2020 and Ning et al. 2021, arXiv:2008.03064, train supernets so).
    """

    running_mean: Tensor
    running_var: Tensor

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        part = slice(x.shape[1])
        scale = None if self.weight is None else self.weight[part]
        shift = None if self.bias is None else self.bias[part]
        if self.training:
            return functional.batch_norm(x, None, None, scale, shift, True, 0.0, self.eps)
        return functional.batch_norm(
            x, self.running_mean[part], self.running_var[part], scale, shift, False, 0.0, self.eps
        )

    def shared(self, channels: int) -> dict[str, Tensor]:
        """The state of a normalisation of `channels` channels with scale and shift."""
        part, mean = slice(channels), self.running_mean
        return {
            "weight": mean.new_ones(channels) if self.weight is None else self.weight[part],
            "bias": mean.new_zeros(channels) if self.bias is None else self.bias[part],
            "running_mean": mean[part],
            "running_var": self.running_var[part],
            "num_batches_tracked": self.num_batches_tracked,  # type: ignore[dict-item]
        }


def share_norms(supernet: nn.Module, affine: bool) -> None:
    """Makes every BatchNorm2d of `supernet` a SharedNorm, in place. `affine`: with scale and shift."""
    for module in supernet.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedNorm
        if isinstance(module, SharedNorm) and not affine:
            module.affine, module.weight, module.bias = False, None, None  # type: ignore[assignment]


@contextmanager
def batch_statistics(supernet: nn.Module) -> Iterator[None]:
    """A context in which normalisations use the statistics of the batch, and all else is in evaluation mode."""
    modes = [(module, module.training) for module in supernet.modules()]
    try:
        for module, _ in modes:
            module.training = isinstance(module, _BatchNorm)
        yield
    finally:
        for module, training in modes:
            module.training = training


def shared_state(prefix: str, layer: nn.Module) -> dict[str, Tensor]:
    """The state of a layer whose path uses all of it; names begin with `prefix` and a dot."""
    found = layer.state_dict(prefix=f"{prefix}.", keep_vars=True)
    for name, module in layer.named_modules(prefix=prefix):
        if isinstance(module, SharedNorm):
            found |= {f"{name}.{key}": value for key, value in module.shared(module.num_features).items()}
    return dict(found)
