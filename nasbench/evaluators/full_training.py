"""Whole trainings of named models, each done once: what `nasbench train` and `nasbench compare` evaluate.

A training lies in `<directory>/<fingerprint>`, where the fingerprint stands for the model, the data set, the recipe
with all its numbers, the epochs and the seed. A finished one is read, an interrupted one goes on from its last epoch.
"""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from nasbench.core.arch import Architecture, Choice, Decision
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import Metrics, Report
from nasbench.core.recipe import Recipe
from nasbench.core.seeds import derive
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.store import write_atomically
from nasbench.core.trial import Proposal
from nasbench.evaluators.building import build_seeded, task_of_spec
from nasbench.profile import count
from nasbench.train.checkpoint import load_weights, save_weights
from nasbench.train.compiled import eagerly
from nasbench.train.data import ImageData
from nasbench.train.datasets import default_data_dir, on_device_once, read_once, resolve_dataset
from nasbench.train.device import fitting_threads, resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.freezing import NOTHING, Freezing
from nasbench.train.loader import eval_batches
from nasbench.train.replicas import of_process_group
from nasbench.train.trainer import evaluate, fit


@dataclass(frozen=True)
class Models:
    """The space of a comparison: which model, under which seed."""

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    name: str = "models"
    default_size: Size = Size()  # noqa: RUF009 - frozen

    @property
    def choices(self) -> Sequence[Decision]:
        return Choice("model", self.names), Choice("seed", self.seeds)

    def canonical(self, architecture: Architecture) -> Architecture:
        return architecture

    def build(self, architecture: Architecture, size: Size, task: Task) -> nn.Module:  # noqa: ARG002 - the protocol's
        raise AssertionError("a comparison's models are built from their specifications")


@dataclass(frozen=True)
class FullTraining:
    """Trains the model that a proposal names under the seed it names; `models` are (name, specification).

    `carried` is a file of weights to start from, of which those that fit are taken. `together` calls a function in
    every process of a group of replicas and returns when all are done; None trains in this process, or in the process
    group that it is part of. `compiled` compiles the network's repeated parts; like the device, it is no part of the
    fingerprint. `skip_corrupt` leaves out files that cannot be read; `result.json` counts and names them.
    """

    models: tuple[tuple[str, ModelSpec], ...]
    dataset: str
    recipe: Recipe
    image_size: int | None
    data_dir: str | None
    download: bool
    device: str
    directory: str
    pretrained: bool = False
    freezing: Freezing = NOTHING
    carried: str | None = None
    skip_corrupt: bool = False
    compiled: bool = False
    together: Callable[[Callable[[], None]], None] | None = None
    verbose: bool = False

    def check(self) -> None:
        """Reads the data set. UsageError where it, or the device, is not there."""
        resolve_device(self.device)
        self._data()

    def task(self) -> Task:
        return self._data().task

    def folder(self, model: str, seed: int) -> Path:
        """Where the training of a model under a seed lies."""
        freezing = self.freezing.identity(slow_body=self.pretrained or self.carried is not None)
        start = {
            "freezing": freezing,
            "carried": self.carried and _digest(Path(self.carried)),
            "pretrained": self.pretrained,
        }
        return Path(self.directory) / fingerprint(dict(self.models)[model], self.dataset, self.recipe, seed, start)

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:  # noqa: ARG002 - of the plan, not of the model
        """`test_accuracy`, `test_top5`, `val_accuracy` of the best epoch, `params`, `macs`, `images_per_second`,
        `train_seconds`.

        And of this training's history: `reused`, and `cut_off_after`, the epochs after which it was cut off and gone on
        with.
        """
        model, training_seed = str(proposal.architecture.genes["model"]), int(proposal.architecture.genes["seed"])
        folder = self.folder(model, training_seed)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            result = folder / "result.json"
            reused = result.exists()
            if not reused:
                work = partial(replace(self, together=None).train, model, training_seed)
                work() if self.together is None else self.together(work)
            record = json.loads(result.read_text(encoding="utf-8"))
        metrics: Metrics = record["metrics"]
        return {**metrics, "cut_off_after": record.get("cut_off_after", []), "reused": reused}

    def train(self, model: str, seed: int) -> None:
        """Trains, or goes on where the training was cut off, and leaves weights, predictions and `result.json` in its
        folder.
        """
        replicas, spec, folder = of_process_group(), dict(self.models)[model], self.folder(model, seed)
        device, pixels = replicas.device(resolve_device(self.device)), spec.size.resolution or self.image_size
        if replicas.count > 1 and device.type == "cuda":
            torch.cuda.set_device(device)  # on which the group's own messages are gathered
        data = on_device_once(device, *self._what_to_read(pixels))
        with trial_boundary("building the network"):
            try:
                network = build_seeded(spec, seed)
            except UsageError as error:
                raise TrialFailed(str(error)) from error
            params, macs = count(network, task_of_spec(spec))
        carried: tuple[str, ...] = ()
        if self.pretrained:
            carried = _load_pretrained(network, spec)
        if self.carried:
            carried = carry(network, load_weights(Path(self.carried)))
        freezing = replace(self.freezing, pretrained=carried)
        numbers = sum(parameter.numel() for name, parameter in network.named_parameters() if name in set(carried))
        start = perf_counter()
        curve: _Curve | None = None
        if replicas.leads:
            curve = _Curve(folder, model, seed, len(data.train.first(self.recipe.train_images)), self.verbose)
            if carried:
                curve.say(f"starts from {numbers:,} of its {params:,} parameters")
            if stuck := freezing.stuck(network):
                curve.say(
                    f"{len(stuck)} frozen parts come from no training and stay as they were initialised: "
                    f"{', '.join(stuck[:3])}, ..."
                )
        with fitting_threads(device, macs * self.recipe.batch_size):
            metrics = fit(
                network,
                data,
                self.recipe,
                seed=derive(seed, "fit"),
                device=device,
                report=curve or _silent,
                checkpoint=folder / "checkpoint.pt",
                keep_best=True,
                freezing=freezing,
                replicas=replicas,
                compiled=self.compiled,
            )
        seconds = perf_counter() - start
        corrupt = replicas.union(map(str, data.corrupt or ()))
        if curve is not None:
            tested, probabilities, broken = self._test(network, data, pixels, device)
            corrupt = sorted({*corrupt, *broken})
            save_weights(folder / "weights.safetensors", network)
            save_file({"probabilities": probabilities}, folder / "predictions.safetensors")
            measured = {
                **tested,
                "corrupt_files": len(corrupt),
                "params": params,
                "carried_params": numbers,
                "macs": macs,
                "train_seconds": round(seconds, 2),
                "replicas": replicas.count,
            }
            described = {
                "model": model,
                "spec": spec.to_json(),
                "dataset": self.dataset,
                "recipe": asdict(self.recipe),
                "seed": seed,
            }
            history = {"cut_off_after": curve.cuts, "corrupt": corrupt}
            record = {**described, "metrics": {**metrics, **measured}, **history}
            write_atomically(folder / "result.json", json.dumps(record, indent=2) + "\n")
            (folder / "checkpoint.pt").unlink(missing_ok=True)
        replicas.wait()

    def _test(
        self, network: nn.Module, data: ImageData, pixels: int | None, device: torch.device
    ) -> tuple[dict[str, float], torch.Tensor, list[str]]:
        """Top-1 and top-5 test accuracy, images per second of inference (after a warm-up); class probabilities float16
        (N, classes); the files that were left out."""
        dataset = resolve_dataset(self.dataset, self.skip_corrupt)
        test = dataset.load_test(self.data_directory, pixels, False)
        evaluate(network, test.first(64), data, device)
        start = perf_counter()
        result = evaluate(network, test, data, device)
        seconds = perf_counter() - start
        network.eval()
        with torch.no_grad(), eagerly(network):
            rows = [network(images).softmax(dim=1).half().cpu() for images, _ in eval_batches(test, data, device, 256)]
        rate = round(len(test) / seconds, 1)
        measured = {"test_accuracy": result.accuracy, "test_top5": result.top5, "images_per_second": rate}
        return measured, torch.cat(rows), [str(path) for path in getattr(dataset, "corrupt", None) or ()]

    @property
    def data_directory(self) -> Path:
        return Path(self.data_dir) if self.data_dir else default_data_dir()

    def _data(self) -> ImageData:
        return read_once(*self._what_to_read(self.image_size))

    def _what_to_read(self, image_size: int | None) -> tuple[str, Path, int | None, bool, bool]:
        return self.dataset, self.data_directory, image_size, self.download, self.skip_corrupt


def fingerprint(spec: ModelSpec, dataset: str, recipe: Recipe, seed: int, start: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for a training: everything that its result depends on, the machine aside.

    `start` is what it starts from and what of it stays as it is.
    """
    parts = [spec.to_json(), dataset, asdict(recipe), seed, dict(start)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


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


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def ensemble_accuracy(folders: Sequence[Path], labels: torch.Tensor) -> float:
    """Test accuracy of the mean of these trainings' class probabilities; `labels` int64 (N)."""
    stacked = torch.stack(
        [load_file(folder / "predictions.safetensors")["probabilities"].float() for folder in folders]
    )  # (M, N, classes)
    return float((stacked.mean(dim=0).argmax(dim=1) == labels).double().mean())


def test_labels(evaluator: FullTraining) -> torch.Tensor:
    """The labels of the test split, int64 (N), in the order of the predictions."""
    from nasbench.train.data import Split

    test = resolve_dataset(evaluator.dataset).load_test(evaluator.data_directory, evaluator.image_size, False)
    return test.labels.cpu() if isinstance(test, Split) else torch.tensor(test.labels)


class _Curve:
    """Called after each epoch: a line of the training's curve on disk, and one for people where asked. It says where it
    was cut off.

    The file is there from the start of the training; a line that was torn when the process died is cut away.
    """

    def __init__(self, folder: Path, model: str, seed: int, images: int, verbose: bool) -> None:
        self._path, self._model, self._seed, self._images, self._verbose = (
            folder / "curve.jsonl",
            model,
            seed,
            images,
            verbose,
        )
        self._goes_on = began = self._path.exists()
        self._path.touch()
        data = self._path.read_bytes()
        complete = data.rfind(b"\n") + 1
        os.truncate(self._path, complete)
        lines = [json.loads(line) for line in data[:complete].splitlines()]
        self._last_epoch = max((line["epoch"] for line in lines if "epoch" in line), default=0)
        self.cuts: list[int] = [line["cut_off_after"] for line in lines if "cut_off_after" in line]
        """The epochs after which the training was cut off, 0 for before the end of the first."""
        if began and not (folder / "checkpoint.pt").exists():
            self._goes_on = False
            self._cut_off_after(0)
        self._last = perf_counter()

    def __call__(self, epoch: int, metrics: Mapping[str, Any]) -> None:
        now = perf_counter()
        rate = round(self._images / (now - self._last), 1)
        self._last = now
        if epoch > self._last_epoch:
            self._write({"epoch": epoch, **metrics, **({} if self._goes_on else {"images_per_second": rate})})
            self._last_epoch = epoch
        if self._goes_on:
            self._goes_on = False
            self._cut_off_after(epoch)
            return
        self.say(
            f"epoch {epoch}  train loss {metrics['train_loss']:.4f}  validation {metrics['val_accuracy']:.4f}  "
            f"{rate:.0f} images/s"
        )

    def say(self, text: str) -> None:
        """A line for people, where that was asked."""
        if self._verbose:
            print(f"{self._model} seed {self._seed}  {text}", file=sys.stderr)

    def _cut_off_after(self, epoch: int) -> None:
        self.cuts.append(epoch)
        self._write({"cut_off_after": epoch})
        self.say(
            f"goes on after epoch {epoch}, where it was cut off"
            if epoch
            else "starts again: it was cut off in its first epoch"
        )

    def _write(self, record: Mapping[str, Any]) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def _silent(epoch: int, metrics: Mapping[str, Any]) -> None:
    """The report of a replica that does not lead."""


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Waits until no other process trains here: it may be training the very same."""
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _load_pretrained(network: nn.Module, spec: ModelSpec) -> tuple[str, ...]:
    """Published weights into a network, with what they presuppose, and their names; a classifier for other classes
    stays fresh.
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
