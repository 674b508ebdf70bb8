"""What a prediction is asked for."""

from dataclasses import dataclass
from typing import Literal

from nasbench.engine.config.record import Record, number


@dataclass(frozen=True)
class PredictConfig(Record):
    """Classifies images with a trained network, shown to it as in its training.

    Example: nasbench predict RUN cat.jpg photos/ --top 3
    """

    model: str = ""
    """A run directory (its best), the folder of a training or of an export, or zoo:NAME with --pretrained."""
    images: tuple[str, ...] = ()
    """Image files, and folders of them."""
    top: int = number(5, low=1)
    """This many classes of each image, the most probable first."""
    pretrained: bool = False
    """The published weights of a network of the zoo, with the 1,000 classes of ImageNet."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the network computes."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""
