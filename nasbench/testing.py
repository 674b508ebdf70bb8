"""Contract suites: what every strategy, space, evaluator and data set must keep, for the tests of this package and of
any plug-in.

Each `check_*` raises AssertionError with one sentence on what was broken. They need no test framework:

    def test_my_strategy() -> None:
        check_strategy(MyStrategy)
"""

import json
import pickle
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, final

from nasbench.core.arch import Architecture, Choice, Decision, check, sample
from nasbench.core.errors import UsageError
from nasbench.core.protocols import Countable, Evaluator, PartlyDead, SearchSpace, Strategy
from nasbench.core.seeds import derive, trial_rng
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import STATUSES, Proposal, Status, Trial

if TYPE_CHECKING:
    from torch import nn

    from nasbench.train.datasets import DataSet


@final
class ToySpace:
    """A small space of real networks: 3 * 3 * 2 * 2 * 3 = 108 spellings of 72 networks, as the second kernel needs a
    second layer.
    """

    name = "toy"
    choices: Sequence[Decision] = (
        Choice("kernel_1", (1, 3, 5)),
        Choice("filters", (4, 8, 16)),
        Choice("pool", ("average", "max")),
        Choice("layers", (1, 2)),
        Choice("kernel_2", (1, 3, 5)),
    )
    default_size = Size()

    def canonical(self, architecture: Architecture) -> Architecture:
        genes = dict(architecture.genes)
        return Architecture.of(self.name, {**genes, "kernel_2": 1} if genes["layers"] == 1 else genes)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":  # noqa: ARG002 - it comes in one size
        from torch import nn

        genes = architecture.genes
        filters, kernel_1, kernel_2 = int(genes["filters"]), int(genes["kernel_1"]), int(genes["kernel_2"])
        layers: list[nn.Module] = [nn.Conv2d(task.channels, filters, kernel_1, padding="same"), nn.ReLU()]
        if genes["layers"] == 2:
            layers += [nn.Conv2d(filters, filters, kernel_2, padding="same"), nn.ReLU()]
        pool = nn.AdaptiveAvgPool2d(1) if genes["pool"] == "average" else nn.AdaptiveMaxPool2d(1)
        return nn.Sequential(*layers, pool, nn.Flatten(), nn.Linear(filters, task.num_classes))


TOY_SPACE = ToySpace()


def additive_score(architecture: Architecture) -> float:
    """A made-up score in [0, 1]: each decision gives what its option is worth, whatever the others are. Smooth, so
    learnable.
    """
    worths = [derive(0, "worth", name, str(gene)) / 2**63 for name, gene in architecture.items]
    return sum(worths) / len(worths)


def play(
    strategy: Strategy,
    space: SearchSpace,
    numbers: Sequence[int],
    statuses: Sequence[Status] = STATUSES,
    score: Callable[[Architecture], float] = additive_score,
    seed: int = 0,
    workers: int = 3,
) -> list[Trial]:
    """Answers a strategy's proposals as `workers` parallel workers would: out of order, with made-up scores and drawn
    statuses.
    """
    rng = Random(derive(seed, "play", *numbers))
    waiting, running, history = list(numbers), list[Proposal](), list[Trial]()
    while waiting or running:
        while waiting and len(running) < workers:
            number = waiting.pop(0)
            running.append(_ask(strategy, space, number, trial_rng(seed, number), running))
        proposal = running.pop(rng.randrange(len(running)))
        trial = _answer(proposal, space, rng.choice(statuses), score(proposal.architecture), seed)
        strategy.tell(trial)
        history.append(trial)
    return history


def check_strategy(
    factory: Callable[[SearchSpace], Strategy], space: SearchSpace = TOY_SPACE, num_trials: int = 60
) -> None:
    """That strategies from `factory`, which takes a space, are ones that a search can run, interrupt and resume.

    Proposals keep their number and are valid; notes are JSON; `ask` changes nothing and uses no randomness but its own;
    replaying a log, with answers of every status and out of order, restores the strategy bit for bit; answers that it
    did not ask for, or that all failed, do not stop it.
    """
    with _global_generators_untouched("the strategy"):
        told = factory(space)
        history = play(told, space, range(1, num_trials + 1))
        _check_ask_changes_nothing(told, space, num_trials + 1)
        _check_replay(factory, space, history, told)

        unlucky = factory(space)
        play(unlucky, space, range(1, num_trials + 1), statuses=("failed",))
        _ask(unlucky, space, num_trials + 1, Random(1), ())

        strangers = [
            _answer(Proposal(n, sample(space.name, space.choices, Random(n))), space, "ok", 0.5, seed=0)
            for n in range(1, 41)
        ]
        welcoming = factory(space)
        for trial in strangers:
            welcoming.tell(trial)
        _check_replay(factory, space, strangers + play(welcoming, space, range(41, 61)), welcoming)


def check_dataset(dataset: "DataSet", data_dir: Path | None = None) -> None:
    """Classes, sizes and labels agree; two loads are equal; training, validation and test split share no image. Small
    images only.
    """
    import torch

    from nasbench.train.data import Split

    task, data = dataset.task(data_dir, None), dataset.load(data_dir, None, False)
    _require(data.task == task, f"task() says {task}, the images {data.task}")
    again, test = dataset.load(data_dir, None, False), dataset.load_test(data_dir, None, False)
    splits = {"train": data.train, "val": data.val, "test": test}
    seen: dict[bytes, str] = {}
    for name, split in splits.items():
        assert isinstance(split, Split), f"the {name} split is no Split of images in memory"
        images, labels = split.images, split.labels
        _require(len(labels) > 0, f"the {name} split is empty")
        _require(
            images.shape[1] == task.channels, f"{name} images have {images.shape[1]} channels, not {task.channels}"
        )
        _require(
            0 <= int(labels.min()) <= int(labels.max()) < task.num_classes,
            f"{name} labels are not in 0..{task.num_classes - 1}",
        )
        for image in images:
            other = seen.setdefault(image.numpy().tobytes(), name)
            _require(other == name, f"an image of the {name} split is in the {other} split too")
    for name, first, second in (("train", data.train, again.train), ("val", data.val, again.val)):
        assert isinstance(first, Split), first
        assert isinstance(second, Split), second
        _require(torch.equal(first.images, second.images), f"two loads give different {name} images")


def _check_ask_changes_nothing(strategy: Strategy, space: SearchSpace, number: int) -> None:
    first = _ask(strategy, space, number, Random(99), ())
    for draw in range(5):
        _ask(strategy, space, number + draw, Random(draw), (first,))
    again = _ask(strategy, space, number, Random(99), ())
    _require(
        again == first,
        f"ask changes what the strategy knows: with the same generator it proposed {first}, then {again}",
    )


def _check_replay(
    factory: Callable[[SearchSpace], Strategy], space: SearchSpace, history: Sequence[Trial], told: Strategy
) -> None:
    replayed = factory(space)
    for trial in history:
        replayed.tell(Trial.from_json(json.loads(json.dumps(trial.to_json(), allow_nan=False))))
    number = max(trial.number for trial in history) + 1
    running: tuple[Proposal, ...] = ()
    for draw in range(5):  # the later ones with proposals in flight, as in a resumed search with several workers
        expected = _ask(told, space, number + draw, Random(draw), running)
        proposal = _ask(replayed, space, number + draw, Random(draw), running)
        _require(
            proposal == expected,
            f"replaying {len(history)} trials gives {proposal}; the strategy that lived them gives {expected}",
        )
        running = (*running, expected)


def check_space(space: SearchSpace, size: Size | None = None, task: Task | None = None, num_samples: int = 5) -> None:
    """That a space can be searched: geometry, canonical forms, and networks that learn with all of their parameters.

    Builds `num_samples` random architectures at `size` (else the space's own) for `task` (else CIFAR-10's).
    """
    size, task = size or space.default_size, task or Task()
    names = [decision.name for decision in space.choices]
    _require(
        len(names) > 0 and len(set(names)) == len(names),
        f"the decisions of {space.name!r} need names that differ: {names}",
    )
    twin = pickle.loads(pickle.dumps(space))
    _require(
        (twin.name, list(twin.choices)) == (space.name, list(space.choices)),
        f"space {space.name!r} comes back from pickle changed",
    )
    rng = Random(0)
    for _ in range(num_samples * 20):
        _check_canonical(space, sample(space.name, space.choices, rng))
    for _ in range(num_samples):
        _check_network(space, sample(space.name, space.choices, rng), size, task)


def _check_canonical(space: SearchSpace, architecture: Architecture) -> None:
    canonical = space.canonical(architecture)
    _require(
        canonical.space == space.name,
        f"the canonical form of {architecture} is of space {canonical.space!r}, not {space.name!r}",
    )
    _valid(canonical, space, "the canonical form")
    _require(
        space.canonical(canonical).key == canonical.key,
        f"canonical is not idempotent: {canonical} becomes {space.canonical(canonical)}",
    )
    read = Architecture.from_json(json.loads(json.dumps(architecture.to_json())))
    _require(read.key == architecture.key, f"{architecture} comes back from JSON as {read}")


def _check_network(space: SearchSpace, architecture: Architecture, size: Size, task: Task) -> None:
    import torch

    from nasbench.profile import count

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = space.build(architecture, size, task)
        num_params, num_canonical = (
            sum(p.numel() for p in space.build(a, size, task).parameters())
            for a in (architecture, space.canonical(architecture))
        )
        _require(
            num_params == num_canonical,
            f"{num_params} parameters, but {num_canonical} in its canonical form: {architecture}",
        )
        resolution = size.resolution or task.image_size
        if isinstance(space, Countable):
            counted, built = space.counts(architecture, size, task), count(model, replace(task, image_size=resolution))
            _require(
                counted == built,
                f"counts gives {counted} (parameters, multiply-adds), the network has {built}: {architecture}",
            )

        dead = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
        for attempt in range(4):  # an unlucky ReLU may be closed for one batch, or one draw of the weights
            if attempt > 1:
                model = space.build(architecture, size, task)
            outputs = model.train()(torch.randn(8, task.channels, resolution, resolution))
            heads = outputs if isinstance(outputs, tuple) else (outputs,)
            for logits in heads:
                _require(
                    logits.shape == (8, task.num_classes),
                    f"logits of shape {tuple(logits.shape)}, not {(8, task.num_classes)}",
                )
                _require(bool(logits.isfinite().all()), f"logits that are not finite: {architecture}")
            model.zero_grad()
            labels = torch.randint(task.num_classes, (8,))
            torch.stack([torch.nn.functional.cross_entropy(logits, labels) for logits in heads]).sum().backward()
            dead -= {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
            if not dead:
                break
        reached = not isinstance(space, PartlyDead) or space.all_reached(architecture)
        _require(
            not (dead and reached), f"dead parameters, which no gradient reaches: {sorted(dead)} in {architecture}"
        )
        _require(
            bool(dead) or reached, f"all_reached is false, and yet a gradient reaches every parameter: {architecture}"
        )

        with torch.no_grad():
            logits = model.eval()(torch.randn(1, task.channels, resolution, resolution))
        right = isinstance(logits, torch.Tensor) and logits.shape == (1, task.num_classes)
        _require(right, f"in evaluation mode a model returns logits of shape {(1, task.num_classes)}: {architecture}")


def check_evaluator(
    evaluator: Evaluator, space: SearchSpace, size: Size | None = None, task: Task | None = None, epochs: int = 1
) -> None:
    """That an evaluator gives finite JSON metrics for an architecture of `space`, the same again
    from a pickled copy.
    """
    evaluator.check()
    architecture = sample(space.name, space.choices, Random(0))
    spec = ModelSpec(f"space:{space.name}", size or space.default_size, task or Task(), architecture=architecture)
    reported: list[tuple[int, Mapping[str, Any]]] = []

    def report(epochs_done: int, metrics: Mapping[str, Any]) -> None:
        reported.append((epochs_done, metrics))

    copy = pickle.loads(pickle.dumps(evaluator))
    metrics = evaluator(Proposal(1, architecture, epochs=epochs), spec, 1, report)
    _json(metrics, "the metrics")
    infinite = [name for name, value in metrics.items() if isinstance(value, float) and not isfinite(value)]
    _require(not infinite, f"metrics that are not finite: {infinite}")
    done = [epochs_done for epochs_done, _ in reported]
    _require(done == sorted(set(done)) and all(1 <= e <= epochs for e in done), f"epochs reported {done}, of {epochs}")
    again = copy(Proposal(1, architecture, epochs=epochs), spec, 1, lambda _epochs_done, _metrics: None)
    _require(again == metrics, f"a pickled copy of the evaluator gives {again}, the evaluator itself {metrics}")


def _ask(strategy: Strategy, space: SearchSpace, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
    proposal = strategy.ask(number, rng, tuple(running))
    _require(proposal.number == number, f"ask({number}) gave a proposal numbered {proposal.number}")
    _require(
        proposal.architecture.space == space.name,
        f"ask proposed an architecture of space {proposal.architecture.space!r}",
    )
    _valid(proposal.architecture, space, "the proposal")
    _json(proposal.note, "the note")
    _require(
        isinstance(proposal.note.get("blind", False), bool),
        f"note['blind'] is true or false; got {proposal.note.get('blind')!r}",
    )
    _require(proposal.epochs is None or proposal.epochs > 0, f"ask proposed {proposal.epochs} epochs")
    return proposal


def _answer(proposal: Proposal, space: SearchSpace, status: Status, score: float, seed: int) -> Trial:
    failed = status == "failed"
    return Trial(
        number=proposal.number,
        architecture=proposal.architecture,
        key=space.canonical(proposal.architecture).key,
        status=status,
        score=None if failed else score,
        metrics={} if failed else {"val_accuracy": score},
        epochs=proposal.epochs or 1,
        seconds=1.0,
        seed=seed,
        worker="made-up",
        started="2020-01-01T00:00:00.000+00:00",
        note=proposal.note,
        error="made up to fail" if failed else None,
        of=1 if status == "cached" else None,
    )


@contextmanager
def _global_generators_untouched(who: str) -> Iterator[None]:
    before = _global_states()
    yield
    after = _global_states()
    moved = [name for name in before if before[name] != after[name]]
    _require(not moved, f"{who} draws from or seeds the global generator of {', '.join(moved)}")


def _global_states() -> dict[str, object]:
    states: dict[str, object] = {"random": random.getstate()}
    if "numpy" in sys.modules:
        kind, keys, *rest = sys.modules["numpy"].random.get_state()
        states["numpy"] = (kind, keys.tolist(), rest)
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].random.get_rng_state().tolist()
    return states


def _valid(architecture: Architecture, space: SearchSpace, what: str) -> None:
    try:
        check(architecture, space.choices)
    except UsageError as error:
        raise AssertionError(f"{what} is not in the space: {error}") from error


def _json(value: Mapping[str, Any], what: str) -> None:
    try:
        read = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} must be JSON, without NaN: {error}; got {value!r}") from error
    _require(read == value, f"{what} comes back from JSON changed: {value!r} as {read!r}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
