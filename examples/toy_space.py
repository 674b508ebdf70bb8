"""A search space of one's own: a plain network of three stages, each with a kernel, a width and an activation.

    nasbench search --space examples.toy_space:ToySpace --strategy random --dataset digits --recipe quick --trials 5

A space is data (`choices`) and `build`; the rest of nasbench needs nothing else of it.
"""

from collections.abc import Sequence

from torch import nn

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.registry import spaces
from nasbench.core.spec import Size, Task

STAGES = 3
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


@spaces.register("toy")
class ToySpace:
    """A plain network of three stages (27 x 8 x 2 architectures)."""

    name = "toy"
    default_size = Size()  # depth and width are multipliers here: this is no space of cells
    choices: Sequence[Decision] = (
        *(Choice(f"kernel_{stage}", (1, 3, 5)) for stage in range(STAGES)),
        *(Choice(f"width_{stage}", (8, 16)) for stage in range(STAGES)),
        Choice("activation", tuple(ACTIVATIONS)),
    )

    def canonical(self, architecture: Architecture) -> Architecture:
        """Every architecture here is a network of its own."""
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:
        """(B, channels, H, W) -> (B, num_classes)."""
        genes = architecture.genes
        layers: list[nn.Module] = []
        channels = task.channels
        for stage in range(STAGES):
            kernel, width = int(genes[f"kernel_{stage}"]), round(int(genes[f"width_{stage}"]) * size.width)
            layers += [
                nn.Conv2d(channels, width, kernel, stride=1 + (stage > 0), padding=kernel // 2, bias=False),
                nn.BatchNorm2d(width),
            ]
            layers += [ACTIVATIONS[str(genes["activation"])]()]
            channels = width
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, task.num_classes))
