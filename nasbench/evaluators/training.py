"""Training as an evaluator: builds the child, trains it under the recipe, and scores it on the validation split."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import Metrics, Report
from nasbench.core.recipe import Recipe
from nasbench.core.registry import evaluators
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec, Task
from nasbench.core.trial import Proposal
from nasbench.evaluators.building import build_seeded, task_of_spec
from nasbench.profile import count
from nasbench.train.checkpoint import save_weights
from nasbench.train.datasets import default_data_dir, on_device_once, read_once, task_of
from nasbench.train.device import fitting_threads, resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.trainer import fit


@evaluators.register("train")
@dataclass(frozen=True)
class TrainingEvaluator:
    """Trains children on `dataset` under `recipe`. Children start from the same random stream, that of the search's
    seed.

    Weights are kept as `<checkpoint_dir>/<number>.safetensors`, or not at all for None. Each process reads the data set
    once.
    """

    dataset: str
    recipe: Recipe
    data_dir: str | None = None
    download: bool = False
    image_size: int | None = None
    device: str = "auto"
    checkpoint_dir: str | None = None

    def check(self) -> None:
        """Reads the data set. UsageError where it, or the device, is not there."""
        resolve_device(self.device)
        data = read_once(*self._what_to_read())
        if len(data.train) < 2:
            raise UsageError(f"data set {self.dataset!r} has {len(data.train)} training images: too few to train on")

    def task(self) -> Task:
        return task_of(self.dataset, self._data_dir(), self.image_size)

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:
        """`val_accuracy`, `val_loss`, `train_loss`, `params` and `macs`. TrialFailed where the network cannot be built
        or trained.
        """
        device = resolve_device(self.device)
        task = task_of_spec(spec)
        data = replace(on_device_once(device, *self._what_to_read()), image_size=task.image_size)
        model = _build(spec, seed)
        with trial_boundary("building the network"):
            params, macs = count(model, task)
        with fitting_threads(device, macs * self.recipe.batch_size):
            metrics = fit(
                model,
                data,
                self.recipe,
                seed=derive(seed, "fit"),
                device=device,
                epochs=proposal.schedule or proposal.epochs,
                stop_after=proposal.epochs,
                report=report,
                checkpoint=self._stage(proposal),
            )
        if self.checkpoint_dir is not None:
            save_weights(_weights(self.checkpoint_dir, proposal.number), model)
        return {**metrics, "params": params, "macs": macs}

    def _data_dir(self) -> Path:
        return Path(self.data_dir) if self.data_dir else default_data_dir()

    def _what_to_read(self) -> tuple[str, Path, int | None, bool]:
        return self.dataset, self._data_dir(), self.image_size, self.download

    def _stage(self, proposal: Proposal) -> Path | None:
        """The training state of a proposal that is trained in stages. It starts from that of the stage before, where
        that is at hand.

        Where it is not (another machine's disk, a cleared directory), the training starts anew and comes to the same
        numbers.
        """
        if self.checkpoint_dir is None or proposal.schedule is None:
            return None
        state = Path(self.checkpoint_dir) / f"{proposal.number}.state"
        if proposal.resume_from is not None and not state.exists():
            earlier = state.with_name(f"{proposal.resume_from}.state")
            if earlier.exists():
                part = state.with_name(f".{state.name}.part")
                shutil.copyfile(earlier, part)
                part.replace(state)
        return state


def _build(spec: ModelSpec, seed: int) -> nn.Module:
    with trial_boundary("building the network"):
        try:
            return build_seeded(spec, seed)
        except (
            UsageError
        ) as error:  # the engine has built a child of this size: what is wrong is wrong with this one alone
            raise TrialFailed(f"building the network failed: {error}") from error


def _weights(directory: str, number: int) -> Path:
    return Path(directory) / f"{number}.safetensors"
