"""What the parts promise each other. Every one of them can come from a plug-in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from nasbench.core.arch import Architecture, Decision
from nasbench.core.graph import Graph
from nasbench.core.job import Job
from nasbench.core.preprocessing import Preprocessing
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import Proposal, Trial

if TYPE_CHECKING:
    from torch import nn


Metrics = Mapping[str, Any]
Report = Callable[[int, Metrics], None]
"""Called by a training after each epoch with (epochs done, metrics so far). Raises TrialPruned where it should stop."""
Curve = Sequence[tuple[int, Metrics]]
"""What a training has reported: (epochs done, metrics then), in order."""


@runtime_checkable
class SearchSpace(Protocol):
    """Geometry as data, and `build`, which alone knows torch. `default_size.skeleton` is not empty for cell spaces (N
    and F). What it is made with besides (--space-options) narrows its `choices` alone: files are read without it.

    A space may say `layerwise = True`: its decisions are about each layer of the whole network. It takes F as a cell
    space does, but not the N that a recipe has for networks of cells.
    """

    @property
    def name(self) -> str: ...

    @property
    def choices(self) -> Sequence[Decision]: ...

    @property
    def default_size(self) -> Size: ...

    def canonical(self, architecture: Architecture) -> Architecture:
        """The one spelling of all architectures that are the same network. Idempotent."""

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes) logits; in training mode with an auxiliary head, a pair
        of logits.

        H and W are `size.resolution`, or `task.image_size` where that is None.
        """


@runtime_checkable
class PublishedCells(Protocol):
    """A space that also knows published networks by name (`space:SPACE:NAME`)."""

    def published(self) -> Mapping[str, Size]:
        """Name -> the size it was published with."""

    def build_published(self, name: str, size: Size, task: Task) -> "nn.Module":
        """The published network at any size."""


@runtime_checkable
class Countable(Protocol):
    """A space that knows what its networks count without building them."""

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image), exact."""


@runtime_checkable
class HasUnreachedParameters(Protocol):
    """A space that, as published, has networks with parameters that no gradient reaches."""

    def all_reached(self, architecture: Architecture) -> bool:
        """Whether the gradient reaches every parameter of this architecture's network."""


@runtime_checkable
class HasSupernet(Protocol):
    """A space whose architectures can share their weights."""

    def supernet(self, size: Size, task: Task) -> "nn.Module":
        """A `nasbench.nn.supernet.Supernet`: it holds the weights of all architectures, and runs one path at a time."""


@runtime_checkable
class ChoosesSharing(Protocol):
    """A space whose supernet can share more than it does by itself (--share)."""

    @property
    def shares(self) -> Sequence[str]:
        """The names of what it can share."""

    def supernet(self, size: Size, task: Task, *, share: str | None = None) -> "nn.Module":
        """As of `HasSupernet`; `share` is one of `shares`."""


@runtime_checkable
class PathSampler(Protocol):
    """Chooses the paths on which a supernet is trained. Made as `cls(space, **options)`; keeps no state, unless it
    learns (`LearnsPaths`). One that draws canonical forms alone says `draws_canonical = True`.
    """

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """The paths of one update, drawn by `rng` alone. Their gradients are summed."""


@runtime_checkable
class LearnsPaths(Protocol):
    """A sampler of paths that learns which to draw, in turns with the weights. It knows what it was told, nothing else:
    the paths of an update depend on that and on the generator.
    """

    def learn(self, score: Callable[[Architecture], float], rng: Random) -> Mapping[str, float]:
        """One turn, after an epoch of the weights: draws architectures by `rng` and has each scored, higher is better.
        Returns what to report.
        """

    def told(self) -> list[Any]:
        """What it has learned from, in order: lists of numbers and texts."""

    def restore(self, told: Sequence[Any]) -> None:
        """Takes a new sampler to where the one was that returned `told`, bit for bit."""


@runtime_checkable
class DrawsNetworks(Protocol):
    """A space that can draw from its distinct networks, of which some have more spellings than others."""

    def draw(self, rng: Random) -> Architecture:
        """A network, all equally likely, in its canonical form."""


@runtime_checkable
class AnyDepth(Protocol):
    """A space whose networks have any number of layers. It reads architectures of any number, whatever it was made
    with: its options narrow its `choices` alone.
    """

    @property
    def layers(self) -> int:
        """The number of layers that `choices` are for."""

    def with_layers(self, layers: int) -> SearchSpace:
        """The space of networks of that many layers, with its other options."""

    def containing(self, architecture: Architecture) -> SearchSpace:
        """The space with the options that an architecture was drawn with."""


class Place(NamedTuple):
    """Which layer a decision is about. `kind` names what it decides, alike for all layers. Where it decides whether the
    layer reads an earlier one, `reads` is the number of that one, its first option is no, and its second is yes.
    """

    layer: int
    kind: str
    reads: int | None = None


@runtime_checkable
class HasSkips(Protocol):
    """A space of layers in a row, each of which decides which earlier ones it reads. A controller can then decide by
    anchor points (`nasbench.strategies.controller.anchor_policy`).

    Layers are numbered from 1. `choices` are in the order of the layers; of each layer, those on what it reads are the
    last. Decisions of one kind have the same options.
    """

    def places(self) -> Sequence[Place]:
        """The place of each of `choices`, in their order."""


@runtime_checkable
class StandAlone(Protocol):
    """A space that can write a network as one file that imports torch alone."""

    def source(self, spec: ModelSpec) -> str:
        """Python source with a function `build() -> nn.Module` whose state_dict has the names of `build`'s network."""


@runtime_checkable
class Drawable(Protocol):
    """A space whose networks are made of cells, or are chains of layers, that can be drawn."""

    def graphs(self, spec: ModelSpec) -> Mapping[str, Graph]:
        """Title -> cell or chain, in the order in which to draw them."""


@runtime_checkable
class Strategy(Protocol):
    """Asks and is told. Built as `cls(space, seed=..., **options)`; only `tell` changes what it knows; keeps no
    generator.

    A strategy may say `own_control = True`: it is random itself, or trains for unequal epochs, so that a search by it
    has no random children among its trials unless they are asked for.
    """

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        """The proposal with that number, from what was told and `rng` alone; `running` are the proposals not answered
        yet.
        """

    def tell(self, trial: Trial) -> None:
        """Learns from an answer, whatever its status and order."""


@runtime_checkable
class HasController(Protocol):
    """A strategy that samples from a learned policy, and says from which."""

    @property
    def sampled_from(self) -> Mapping[str, str]:
        """`kind`, as --controller names it, and `words` for people: lstm, an LSTM of 35 units."""


class Evaluator(Protocol):
    """A training, a table look-up, a cheap score; picklable. Raises TrialFailed for a fault of this trial alone."""

    def __call__(self, job: Job, report: Report) -> Metrics:
        """Metrics as JSON values; the same for the same arguments (durations are measured by the executor)."""

    def check(self) -> None:
        """Raises UsageError for what every trial would meet (no data, no such table), before any work starts."""

    def task(self) -> Task:
        """What networks are built for."""


@runtime_checkable
class Measures(Protocol):
    """An evaluator that says beforehand which metrics it returns, so that a wrong name is answered at once."""

    def metrics(self) -> Sequence[str]:
        """Names of metrics."""


@runtime_checkable
class Depends(Protocol):
    """An evaluator whose results depend on more than the configuration: files of a data set, a table, a recipe."""

    def identity(self) -> Mapping[str, Any]:
        """Name of each such thing -> JSON that changes when its content does. A resumed run must find the same."""


@runtime_checkable
class Preprocesses(Protocol):
    """An evaluator that trains on images, and says how they reach its networks."""

    def preprocessing(self, spec: ModelSpec) -> Preprocessing:
        """What an image goes through on its way to the network of `spec`."""


class Reward(Protocol):
    """Makes the score of a trial, where the evaluator's own is not what a search is for. A function (metrics, curve,
    ...), whose further parameters are options, (metrics, ...) where the curve does not matter, or a class that is made
    as `cls(**options)`. `metric`, where it is among the parameters, is the name of the evaluator's own score, such as
    val_accuracy.

    A reward may say `reads`, the names of the metrics that it needs, so that a wrong one is answered before any work;
    `reads_curve = True` where it needs what a training reports after each epoch, else `curve` is empty; and `said`,
    what it is in words. It is called where the search runs, never in a worker.
    """

    def __call__(self, metrics: Metrics, curve: Curve) -> float:
        """The score of what an evaluator returned, or of a report after an epoch; more is better. KeyError for a metric
        that is missing.
        """


class Pruner(Protocol):
    """Stops trainings early. It hears every report of a run, also those of before it was resumed."""

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        """True where the trial with that number, at `score` after `epochs` epochs, should stop."""


@dataclass(frozen=True)
class RunInfo:
    """What a tracker may know of a run when it starts: `planned` trials, and the `history` in the log."""

    directory: Path
    config: Mapping[str, Any]
    planned: int
    history: Sequence[Trial]


class Tracker(Protocol):
    """A listener. One that throws is reported once and costs nothing else.

    It may have `within(job, epochs, metrics)` too, which hears what a training says within an epoch that takes long
    (`core/within_epoch`).
    """

    def start(self, run: RunInfo) -> None: ...

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Called with what a training says after `epochs` epochs, also from a worker in another process."""

    def trial(self, trial: Trial) -> None:
        """Called after the trial is in the log and the strategy was told."""

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        """`summary`: what the command came to, or {'interrupted': True}, or {'error': why the run could not go on}.

        With 'discarded': True, the directory of a run without a finished trial is about to be removed.
        """
