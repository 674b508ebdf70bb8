"""The three ways of transfer as trainings of one run: a linear probe, the top, everything (`--auto`)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from nasbench.blank import blank
from nasbench.core.errors import RunFailed, TrialFailed
from nasbench.core.preprocessing import Preprocessing, read_preprocessing
from nasbench.core.spec import ModelSpec
from nasbench.core.store import RunStore
from nasbench.engine.config import TransferConfig
from nasbench.engine.opened.view import RunView
from nasbench.engine.parts.models import is_of_run
from nasbench.engine.training.advice import Advice, Measured, Way, advised
from nasbench.engine.training.pretrained import published_preprocessing
from nasbench.engine.training.trainings import Trained, Trainings, write_best_training
from nasbench.evaluators.building import build_network, build_seeded
from nasbench.evaluators.start import Start
from nasbench.report.training.ways import WayRow, told, way_rows
from nasbench.train.device import resolve_device
from nasbench.train.faults import trial_boundary
from nasbench.train.freezing import Freezing
from nasbench.train.likeness import neighbours
from nasbench.train.top import stages_below_top


@dataclass(frozen=True, repr=False)
class WaysResult(RunView):
    """What `nasbench transfer --auto` came to."""

    config: TransferConfig
    trained: Trained

    @property
    def directory(self) -> Path:
        return self.trained.directory

    @property
    def rows(self) -> list[WayRow]:
        """The ways in the order in which they free more of the network."""
        return way_rows(RunStore.read(self.directory))

    @property
    def told(self) -> list[str]:
        """Which way is best, and how sure that is."""
        return told(RunStore.read(self.directory))

    def to_json(self) -> dict[str, Any]:
        """The object that `nasbench transfer --auto --json` prints; accuracies in [0, 1]."""
        plan = RunStore.read(self.directory).run["plan"]
        return {
            "model": self.config.network,
            "dataset": self.config.data.dataset,
            "recipe": self.config.training.recipe,
            "ways": [row.to_json() for row in self.rows],
            "best": best_way(self.trained),
            "advised": plan["advice"]["way"],
            "verdict": " ".join(self.told),
            "seconds": round(self.trained.seconds, 2),
            "run": str(self.directory),
        }


def freezes(spec: ModelSpec) -> dict[Way, str]:
    """Way -> what stays as it is. UsageError where a network has no linear classifier at its end."""
    with blank(), _running("looking for the network's stages"):
        network = build_network(spec).eval()
        image = torch.zeros(1, spec.task.channels, spec.pixels, spec.pixels)
        below = stages_below_top(network, image)
    found: dict[Way, str] = {"probe": "all-but-head"}
    if below is not None:
        found["top"] = f"stages:{below}"
    return {**found, "everything": "none"}


def in_ways(trainings: Trainings, model: str, ways: Mapping[Way, str]) -> Trainings:
    """The trainings of a model, each in the ways of `freezes`, which become their names."""
    spec, keep = trainings.models[model], trainings.evaluator.keep
    assert keep is not None
    starts: dict[str, Start] = {way: replace(keep.start, freeze=freeze) for way, freeze in ways.items()}
    evaluator = replace(trainings.evaluator, keep=replace(keep, starts=starts))
    return replace(trainings, models=dict.fromkeys(starts, spec), evaluator=evaluator)


def planned(config: TransferConfig, trainings: Trainings, ways: Mapping[Way, str]) -> dict[str, Any]:
    """What run.json holds of the ways in which the trainings would be done: what stays as it is in each, how many
    parameters learn, and what the rule says beforehand.
    """
    model, found = config.network, {}
    for way, freeze in ways.items():
        with blank():
            network = build_network(trainings.models[model])
        Freezing(freeze).freeze(network)
        learn = sum(each.numel() for each in network.parameters() if each.requires_grad)
        found[way] = {"freeze": freeze, "learn": learn}
    return {"transferred": model, "ways": found, "advice": advice_on(config, trainings, ways).to_json()}


def advice_on(config: TransferConfig, trainings: Trainings, ways: Mapping[Way, str]) -> Advice:
    """What the rule says of the network that the trainings would train, in one of the ways of `freezes`."""
    model = config.network
    spec, evaluator, seed = trainings.models[model], trainings.evaluator, trainings.seeds[0]
    assert evaluator.keep is not None
    device = resolve_device(evaluator.device)
    network = build_seeded(spec, seed)
    carried = set(evaluator.keep.start.apply(network, spec).pretrained)
    sizes = {name: each.numel() for name, each in network.named_parameters()}
    data = evaluator.data.on(device, spec.pixels)
    images = len(data.train.first(trainings.recipe.train_images))
    with _running("looking at the network's features"):
        near = neighbours(network.to(device), data, device)
    shown_by = _shown_by(config, evaluator.keep.start, data.preprocessing(spec.pixels))
    counts = (sum(size for name, size in sizes.items() if name in carried), sum(sizes.values()))
    measured = Measured(images, data.num_classes, near, *counts)
    return advised(measured, ways, trainings.recipe, shown_by)


@contextmanager
def _running(what: str) -> Iterator[None]:
    """RunFailed, with the reason, where a network cannot be run."""
    try:
        with trial_boundary(what):
            yield
    except TrialFailed as error:
        raise RunFailed(str(error)) from error


def _shown_by(config: TransferConfig, start: Start, asked: Preprocessing) -> tuple[str, ...]:
    """The words by which `nasbench features` names what it starts from; none where that saw images of another form."""
    words: tuple[str, ...] = (config.network, "--pretrained")
    if start.weights is None:
        record = published_preprocessing(config.network)
    else:
        given, folder = str(config.weights), Path(start.weights).parent
        record, words = read_preprocessing(folder), (given if is_of_run(given) else str(folder),)
    fits = record is not None and (record.image_size, record.channels) == (asked.image_size, asked.channels)
    return words if fits else ()


def best_way(trained: Trained) -> str | None:
    """The way with the highest mean validation accuracy; None where no training succeeded."""
    done = [way for way in trained.trainings.models if trained.of(way)]
    return max(done, key=lambda way: trained.mean(way, "val_accuracy"), default=None)


def write_best_way(trained: Trained) -> Mapping[str, Any]:
    """Writes `best/` of the best way."""
    best = best_way(trained)
    return {} if best is None else write_best_training(trained, best, trained.trainings.models[best])
