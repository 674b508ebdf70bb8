"""What an export is asked for."""

from dataclasses import dataclass
from typing import Literal

from nasbench.core.errors import UsageError
from nasbench.core.trial_of_run import at_trial
from nasbench.engine.config.record import Record, number, part
from nasbench.engine.config.shared import ModelOverrides
from nasbench.engine.config.stored import Stored
from nasbench.engine.config.trust import ModelTrust


@dataclass(frozen=True)
class ExportConfig(Record):
    """Writes a model in forms that need nothing of nasbench, each checked against the network's own outputs.

    Example: nasbench export RUN --formats onnx,safetensors --out shipped
    """

    model: str = ""
    """A run directory (its best), the folder of a training, an architecture.json, space:SPACE:PUBLISHED, or zoo:NAME.
    """
    trial: str | None = None
    """Of a MODEL that is a run directory, the trial with this number, or with this key in its report (else its best).
    """
    depth: float | None = number(None, above=0)
    """Times the model's own depth, as nasbench scale has it."""
    width: float | None = number(None, above=0)
    """Times the model's own width."""
    resolution: float | None = number(None, above=0)
    """Times the side in pixels at which the model sees images."""
    formats: tuple[str, ...] = ()
    """Of model.py,safetensors,onnx,torch-export (else all that the model has)."""
    batch: int | None = number(None, low=1, takes="a whole number from 1 on (leave it out for any)")
    """A fixed batch size of the onnx and torch-export forms (else any)."""
    fold: bool = False
    """Fold batch normalisations into the convolutions and linear layers before them, in the onnx and torch-export
    forms: fewer steps, equal outputs.
    """
    quantize: Literal["int8"] | None = None
    """Also write model.int8.onnx, quantised statically, folded, and calibrated on training images of --dataset; its
    accuracy is measured.
    """
    dataset: str | None = part(None, "data set")
    """For --quantize: the data set whose training images calibrate and whose test images measure."""
    data_dir: str | None = None
    """Where data sets lie (else $NASBENCH_DATA, else the user cache)."""
    out: str | None = None
    """The directory to write (default: export/<model>)."""
    overwrite: bool = False
    """Replace files that are there."""
    seed: int = number(0)
    """Of the weights, where the model has none."""
    json: bool = False
    """One JSON object on standard output; everything for people on standard error."""
    overrides: ModelOverrides = ModelOverrides()
    stored: Stored = Stored()
    trusts: ModelTrust = ModelTrust()

    def check(self) -> None:
        super().check()
        if self.quantize and self.dataset is None:
            raise UsageError(
                "--quantize int8 calibrates on training images: name the data set that the model was trained on, "
                "--dataset NAME"
            )
        if self.dataset and not self.quantize:
            raise UsageError("--dataset is for --quantize int8, which calibrates on its images; give both or neither")

    @property
    def network(self) -> str:
        """The MODEL, with its trial as RUN#N."""
        return at_trial(self.model, self.trial)
