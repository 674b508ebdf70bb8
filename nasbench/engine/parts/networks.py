"""Every network that has a name: the zoo, and the published cells of the spaces, as rows that need no torch to be read.

A card stands beside the code that builds its network, and importing that takes seconds. So the rows of what comes with
nasbench are kept in networks.json as well. `python -m nasbench.engine.parts.networks` writes the file anew from the
cards; a test holds that it says what they say, and others hold the cards against the networks.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from os.path import exists
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from nasbench.core.errors import UsageError, unknown
from nasbench.core.protocols import PublishedCells
from nasbench.core.registry import load_plugins, models, spaces
from nasbench.core.spec import ModelCard, Result, Size, Task, task_record
from nasbench.core.trial_of_run import split
from nasbench.core.writing import write_atomically

STORED = Path(__file__).with_name("networks.json")
METRICS: dict[str, tuple[str, ...]] = {
    "imagenet": ("top1_error", "top5_error"),
    "cifar10": ("cifar10_error", "cifar10_error_cutout"),
}


@runtime_checkable
class Carded(Protocol):
    """A space with cards of its published networks."""

    def cards(self) -> Mapping[str, ModelCard]:
        """Name -> card."""


@dataclass(frozen=True)
class Row:
    """A network of the listing. `name` is the MODEL that commands take; `pretrained` says whether published weights
    load.
    """

    name: str
    card: ModelCard
    pretrained: bool = False

    @property
    def verified(self) -> bool:
        """Whether the counts are verified."""
        return bool(self.card.verified)

    @property
    def dataset(self) -> str:
        """The data set of the form that the counts are of, or nothing."""
        task = self.card.task
        return {1000: "imagenet", 10: "cifar10"}.get(task.num_classes, "") if task.channels == 3 else ""

    def best(self, metric: str) -> Result | None:
        """The published result: the first that is verified, else the first."""
        found = [result for result in self.card.results if result.metric == metric]
        return next((result for result in found if result.tag != "M"), found[0] if found else None)

    def published_on(self, dataset: str) -> bool:
        """Whether results on the data set were published, or its form is the published one."""
        return self.dataset == dataset or any(self.best(metric) for metric in METRICS[dataset])

    def to_json(self) -> dict[str, Any]:
        card = self.card
        return {
            "name": self.name,
            "family": card.family,
            "year": card.year,
            "params": card.params,
            "macs": card.macs,
            "verified": self.verified,
            "image_size": card.task.image_size,
            "channels": card.task.channels,
            "num_classes": card.task.num_classes,
            "origin": card.origin,
            "paper": card.paper,
            "note": card.note,
            "pretrained": self.pretrained,
            "results": [vars(result) for result in card.results],
        }


def rows() -> list[Row]:
    """Networks of the zoo, by year, then the published cells of every space; those of plug-ins too."""
    load_plugins()
    kept = stored()
    zoo = [row for row in kept if not row.name.startswith("space:")]
    own = _registered(but={row.name for row in zoo})
    zoo = sorted(zoo + own, key=lambda row: row.card.year) if own else zoo
    cells = {name: [row for row in kept if row.name.startswith(f"space:{name}:")] for name in spaces.names()}
    return [*zoo, *(row for name, found in cells.items() for row in found or _cells_of(name))]


@cache
def stored() -> tuple[Row, ...]:
    """The rows of what comes with nasbench."""
    records = json.loads(STORED.read_text(encoding="utf-8"))
    return tuple(Row(each["name"], _card(each["card"]), each["pretrained"]) for each in records)


def built() -> list[Row]:
    """The same rows from the cards beside the builders, and counted where a space keeps no cards."""
    import zoo

    names = {name for name in spaces.names() if spaces.is_built_in(name)}
    return [
        *(
            Row(name, entry.card, entry.load_pretrained is not None)
            for name, entry in zoo.entries().items()
            if entry.module.startswith("zoo.")
        ),
        *(row for name in sorted(names) for row in _cells_of(name)),
    ]


def write(found: Iterable[Row], path: Path = STORED) -> None:
    """Writes rows to a file, one a line."""
    lines = []
    for row in found:
        card = {**asdict(row.card), "task": task_record(row.card.task)}
        lines.append(json.dumps({"name": row.name, "card": card, "pretrained": row.pretrained}, ensure_ascii=False))
    write_atomically(path, "[\n" + ",\n".join(lines) + "\n]\n")


def check_model(model: str) -> None:
    """UsageError at once where a MODEL names a network that there is not; all other forms pass."""
    name = model.removeprefix("zoo:")
    if model.startswith("space:"):
        space = model.removeprefix("space:").rpartition(":")[0]
        if space and ":" not in space and space not in spaces.names():
            raise unknown("space", space, spaces.names(), "A published network is space:SPACE:PUBLISHED.")
    elif name == model and (":" in model or model.endswith(".json") or exists(split(model)[0])):
        return
    elif name not in {row.name for row in rows()} and name not in models.names():
        raise unknown_model(name)


def unknown_model(name: str) -> UsageError:
    """The error for a MODEL that is none."""
    forms = "zoo:NAME, space:SPACE:PUBLISHED, an architecture.json, a run directory, or my_package.my_module:MyNet"
    return unknown("model", name, [row.name for row in rows()], f"A model is {forms}.")


def _registered(but: set[str]) -> list[Row]:
    """The networks that others put into the zoo: whoever did has imported it."""
    registry = sys.modules.get("zoo.registry")
    found = registry.registered() if registry is not None else {}
    return [
        Row(name, entry.card, entry.load_pretrained is not None) for name, entry in found.items() if name not in but
    ]


@cache
def _cells_of(name: str) -> tuple[Row, ...]:
    """The published cells of a space; counted once in a process where the space keeps no cards."""
    space = spaces.make(name)
    if not isinstance(space, PublishedCells):
        return ()
    cards = space.cards() if isinstance(space, Carded) else {}
    return tuple(
        Row(f"space:{name}:{published}", cards.get(published) or _counted(name, space, published, size))
        for published, size in space.published().items()
    )


def _counted(space_name: str, space: PublishedCells, published: str, size: Size) -> ModelCard:
    """A card with counts alone, for a space that keeps none."""
    from nasbench.blank import blank
    from nasbench.profile import count

    large = size.skeleton == "imagenet"
    task = getattr(space, "published_task", Task(num_classes=1000, image_size=224) if large else Task())
    with blank():
        network = space.build_published(published, size, task)
    params, macs = count(network, task)
    return ModelCard(published, space_name, paper="", year=0, task=task, params=params, macs=macs, verified="C")


def _card(record: Mapping[str, Any]) -> ModelCard:
    results = tuple(Result(**each) for each in record["results"])
    return ModelCard(**{**record, "task": Task(**record["task"]), "results": results})


if __name__ == "__main__":
    write(built())
