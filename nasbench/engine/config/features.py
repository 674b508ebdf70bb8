"""What features are asked for."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.trial_of_run import at_trial
from nasbench.engine.config.record import Record, number
from nasbench.engine.config.shared import Data
from nasbench.engine.config.stored import Stored
from nasbench.engine.config.trust import ModelTrust


@dataclass(frozen=True)
class FeaturesConfig(Record):
    """Shows what the layers of a trained network make of images: their outputs as a file, linear probes and nearest
    neighbours at every stage, the first layer's filters, the images that activate a layer most.

    Example: nasbench features RUN --dataset digits --probe --knn --plot stages.svg
    """

    model: str = ""
    """A run directory (its best), the folder of a training or of an export, or zoo:NAME with --pretrained."""
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    pretrained: bool = False
    """The published weights of a network of the zoo (fetched, checked by hash)."""
    list_layers: bool = False
    """Print the layers with the shapes of their outputs, and where stages end; read no images."""
    layer: str | None = None
    """The layer of --out and --activating, by its name in nasbench profile, or a module that holds layers."""
    out: str | None = None
    """Write the outputs of --layer and the labels to this file, as safetensors."""
    split: Literal["train", "val", "test"] = "test"
    """The images of --out and --activating."""
    pool: bool = False
    """With --out: the average of each map over its places."""
    images: int | None = number(None, low=2)
    """At most so many images of each split (else all)."""
    probe: bool = False
    """At every stage, the test accuracy of a logistic regression on its features."""
    knn: bool = False
    """At every stage, the test accuracy of the vote of the five nearest training images."""
    plot: str | None = None
    """With --probe or --knn: the same as a picture, .svg or .png."""
    filters: str | None = None
    """Draw the filters of the first convolution into this file, .svg or .png."""
    activating: str | None = None
    """Draw, for channels of --layer, the images that activate them most into this file, .svg or .png."""
    channels: int = number(8, low=1)
    """With --activating: this many channels, from the first."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the network computes."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""
    data: Data = Data()
    stored: Stored = Stored()
    trusts: ModelTrust = ModelTrust()

    @property
    def network(self) -> str:
        """The MODEL, with its trial as RUN#N."""
        return at_trial(self.model, self.trial)

    @property
    def reads_images(self) -> bool:
        """Whether anything is asked for that needs the data set."""
        return bool(self.out or self.probe or self.knn or self.activating)

    def check(self) -> None:
        super().check()
        if not (self.reads_images or self.list_layers or self.filters):
            raise UsageError(
                "say what to show: --out FILE with --layer L, --probe, --knn, --filters FILE, --activating FILE with "
                "--layer L, or --list-layers"
            )
        without = [name for name, asked in (("--out", self.out), ("--activating", self.activating)) if asked]
        if without and self.layer is None:
            raise UsageError(f"{without[0]} needs --layer L; all layers: nasbench features MODEL --list-layers")
        if self.layer is not None and not without and not self.list_layers:
            raise UsageError("--layer is for --out FILE and --activating FILE: give one of them")
        if self.plot and not (self.probe or self.knn):
            raise UsageError("--plot draws accuracies by stage: give --probe, --knn or both with it")
