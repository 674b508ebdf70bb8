"""Whole trainings of named models, each done once: what `nasbench train` and `nasbench compare` evaluate.

A training lies in `<directory>/<fingerprint>`, where the fingerprint stands for the model, the data set, the recipe with all its
numbers, the epochs and the seed. A finished one is read, an interrupted one goes on from its last epoch.
"""

import fcntl
import hashlib
import json
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

    `carried` is a file of weights to start from, of which those that fit are taken. `together` calls a function in every process of a
    group of replicas and returns when all are done; None trains in this process, or in the process group that it is part of.
    `skip_corrupt` leaves out files that cannot be read, counts and names them.
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
        start = {"freezing": asdict(self.freezing), "carried": self.carried and _digest(Path(self.carried)), "pretrained": self.pretrained}
        return Path(self.directory) / fingerprint(dict(self.models)[model], self.dataset, self.recipe, seed, start)

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:  # noqa: ARG002 - of the plan, not of the model
        """`test_accuracy`, `test_top5`, `val_accuracy` of the best epoch, `params`, `macs`, `images_per_second`, `train_seconds`."""
        model, training_seed = str(proposal.architecture.genes["model"]), int(proposal.architecture.genes["seed"])
        folder = self.folder(model, training_seed)
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            result = folder / "result.json"
            reused = result.exists()
            if not reused:
                work = partial(replace(self, together=None).train, model, training_seed)
                work() if self.together is None else self.together(work)
            metrics: Metrics = json.loads(result.read_text(encoding="utf-8"))["metrics"]
        return {**metrics, "reused": reused}

    def train(self, model: str, seed: int) -> None:
        """Trains, or goes on where the training was cut off, and leaves weights, predictions and `result.json` in its folder."""
        replicas, spec, folder = of_process_group(), dict(self.models)[model], self.folder(model, seed)
        device, pixels = replicas.device(resolve_device(self.device)), spec.size.resolution or self.image_size
        data = on_device_once(device, *self._what_to_read(pixels))
        with trial_boundary("building the network"):
            try:
                network = build_seeded(spec, seed)
            except UsageError as error:
                raise TrialFailed(str(error)) from error
            params, macs = count(network, task_of_spec(spec))
        if self.pretrained:
            _load_pretrained(network, spec)
        if self.carried:
            carry(network, load_weights(Path(self.carried)))
        start = perf_counter()
        curve = _Curve(folder / "curve.jsonl", model, seed, len(data.train.first(self.recipe.train_images)), self.verbose)
        with fitting_threads(device, macs * self.recipe.batch_size):
            metrics = fit(
                network,
                data,
                self.recipe,
                seed=derive(seed, "fit"),
                device=device,
                report=curve,
                checkpoint=folder / "checkpoint.pt",
                keep_best=True,
                freezing=self.freezing,
                replicas=replicas,
            )
        seconds = perf_counter() - start
        if replicas.leads:
            tested, probabilities = self._test(network, data, pixels, device)
            save_weights(folder / "weights.safetensors", network)
            save_file({"probabilities": probabilities}, folder / "predictions.safetensors")
            left_out = sorted(map(str, data.corrupt or ()))
            if left_out:
                print(f"nasbench: left out {len(left_out)} files that cannot be read: {', '.join(left_out[:5])}", file=sys.stderr)
            measured = {
                **tested,
                "corrupt_files": len(left_out),
                "params": params,
                "macs": macs,
                "train_seconds": round(seconds, 2),
                "replicas": replicas.count,
            }
            described = {"model": model, "spec": spec.to_json(), "dataset": self.dataset, "recipe": asdict(self.recipe), "seed": seed}
            write_atomically(folder / "result.json", json.dumps({**described, "metrics": {**metrics, **measured}}, indent=2) + "\n")
            (folder / "checkpoint.pt").unlink(missing_ok=True)
        replicas.wait()

    def _test(self, network: nn.Module, data: ImageData, pixels: int | None, device: torch.device) -> tuple[dict[str, float], torch.Tensor]:
        """Top-1 and top-5 test accuracy, images per second of inference (after a warm-up); class probabilities float16 (N, classes)."""
        dataset = resolve_dataset(self.dataset, self.skip_corrupt)
        test = dataset.load_test(self.data_directory, pixels, False)
        evaluate(network, test.first(64), data, device)
        start = perf_counter()
        result = evaluate(network, test, data, device)
        seconds = perf_counter() - start
        network.eval()
        with torch.no_grad():
            rows = [network(images).softmax(dim=1).half().cpu() for images, _ in eval_batches(test, data, device, 256)]
        rate = round(len(test) / seconds, 1)
        if data.corrupt is not None:
            data.corrupt.update(getattr(dataset, "corrupt", None) or ())
        return {"test_accuracy": result.accuracy, "test_top5": result.top5, "images_per_second": rate}, torch.cat(rows)

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


def carry(network: nn.Module, weights: Mapping[str, torch.Tensor]) -> int:
    """Takes over the weights whose name and shape fit, and returns how many numbers they hold. UsageError where none does."""
    mine = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in mine and mine[name].shape == value.shape}
    if not any(name.endswith("weight") for name in fitting):
        raise UsageError(
            f"none of the {len(weights)} weights has the name and the shape of one in this network; give those of a smaller form of it"
        )
    network.load_state_dict({**mine, **fitting})
    return sum(value.numel() for value in fitting.values())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def ensemble_accuracy(folders: Sequence[Path], labels: torch.Tensor) -> float:
    """Test accuracy of the mean of these trainings' class probabilities; `labels` int64 (N)."""
    stacked = torch.stack([load_file(folder / "predictions.safetensors")["probabilities"].float() for folder in folders])  # (M, N, classes)
    return float((stacked.mean(dim=0).argmax(dim=1) == labels).double().mean())


def test_labels(evaluator: FullTraining) -> torch.Tensor:
    """The labels of the test split, int64 (N), in the order of the predictions."""
    from nasbench.train.data import Split

    test = resolve_dataset(evaluator.dataset).load_test(evaluator.data_directory, evaluator.image_size, False)
    return test.labels.cpu() if isinstance(test, Split) else torch.tensor(test.labels)


class _Curve:
    """Called after each epoch: a line of the training's curve on disk, and one for people where asked. It says where it was cut off."""

    def __init__(self, path: Path, model: str, seed: int, images: int, verbose: bool) -> None:
        self._path, self._model, self._seed, self._images, self._verbose = path, model, seed, images, verbose
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._last_epoch = max((json.loads(line).get("epoch", 0) for line in lines), default=0)
        self._goes_on = bool(lines)
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
            self._write({"cut_off_after": epoch})
            self._say(f"goes on after epoch {epoch}, where it was cut off")
            return
        self._say(
            f"epoch {epoch}  train loss {metrics['train_loss']:.4f}  validation {metrics['val_accuracy']:.4f}  {rate:.0f} images/s",
        )

    def _write(self, record: Mapping[str, Any]) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def _say(self, text: str) -> None:
        if self._verbose:
            print(f"{self._model} seed {self._seed}  {text}", file=sys.stderr)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Waits until no other process trains here: it may be training the very same."""
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _load_pretrained(network: nn.Module, spec: ModelSpec) -> None:
    """Published weights into a network; its classifier stays fresh where the number of classes differs."""
    import zoo

    published = zoo.create(str(spec.name), pretrained=True).state_dict() if spec.source == "zoo" else {}
    if not published:
        raise TrialFailed(f"no weights are published for {spec.source}:{spec.name or 'a searched architecture'}")
    carry(network, published)
