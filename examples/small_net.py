"""A network of one's own: two convolutions and a classifier.

    nasbench train examples.small_net:SmallNet --dataset digits --recipe quick --epochs 1 --wandb off

The parameters of a class or function name what it needs: num_classes, channels, image_size, or `task`, which has all
three. Whatever has a default stays as it is.
"""

from torch import Tensor, nn

from nasbench.core.registry import models


@models.register("small_net")
class SmallNet(nn.Module):
    """Two convolutions of `width` filters, the second with stride 2."""

    def __init__(self, num_classes: int, channels: int, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, x: Tensor) -> Tensor:  # (B, channels, H, W)
        features = self.features(x).mean(dim=(2, 3))  # (B, width)
        logits: Tensor = self.classifier(features)  # (B, num_classes)
        return logits
