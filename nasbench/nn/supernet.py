"""Supernets: networks that hold the weights of all architectures of a space, of which one path at a time is run.

Weight sharing (ENAS, Pham et al. 2018, arXiv:1802.03268; single-path one-shot, Guo et al. 2020, arXiv:1904.00420): the
path of an architecture is its network, with weights that all architectures share.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from nasbench.core.arch import Architecture
from nasbench.core.protocols import ChoosesSharing, HasSupernet
from nasbench.core.spec import Size, Task


class Supernet(nn.Module, ABC):
    """(B, channels, H, W) and an architecture -> logits (B, num_classes).

    Only the layers of the path are computed: modules are selected by the architecture, before they run. So a step costs
    as much as a step of the architecture's own network, and layers that are not on the path are not touched.

    Which weights an update moves: a parameter that is not on the path keeps the gradient None if gradients are cleared
    with `zero_grad(set_to_none=True)`, PyTorch's default. Optimizers pass it over: no weight decay, no step of old
    momentum. This is the policy here. A gradient of zeros would let weights that did not run decay and move on by their
    momentum, as in ENAS's released code. Where one tensor holds the weights of several options (elastic kernels and
    widths), its elements that are not on the path have a gradient of zero, and decay and momentum move these.

    Normalisations use the statistics of the batch in training mode, and keep none: a moving average would mix all
    architectures. In evaluation mode they use the running statistics, which `recalibrate` sets for one architecture.
    Recalibrate before each score.

    Two spellings of one network may run on different weights. Score the spelling that was trained: the canonical form
    if the paths were drawn in canonical form, as the sampler `uniform` draws them.
    """

    @abstractmethod
    def forward(self, x: Tensor, architecture: Architecture) -> Tensor:
        """The logits of the architecture's path. Raises UsageError if the architecture is not in the space."""

    @abstractmethod
    def shared(self, architecture: Architecture) -> dict[str, Tensor]:
        """Name in the state_dict of the architecture's own network -> the tensor here, or the part of it."""

    def inherited(self, architecture: Architecture) -> dict[str, Tensor]:
        """The state_dict of the architecture's own network, with copies of the weights of its path.

        The network of `space.build`, at the supernet's size and for its task, that loads it computes what the path
        computes. Normalisations without scale and shift get a scale of 1 and a shift of 0.
        """
        return {name: tensor.detach().clone() for name, tensor in self.shared(architecture).items()}


def make_supernet(space: HasSupernet, size: Size, task: Task, share: str | None = None) -> nn.Module:
    """What the space gives as its supernet. `share`: what it shares besides, of a space that lets it be chosen."""
    if share is None:
        return space.supernet(size, task)
    assert isinstance(space, ChoosesSharing), space
    return space.supernet(size, task, share=share)
