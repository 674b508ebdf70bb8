"""Limits hold for every proposal of every strategy, cost few counts, and are refused where nothing can keep them."""

from random import Random

import pytest

from nasbench.blank import blank
from nasbench.core.arch import Architecture, sample
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.registry import spaces, strategies
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.evaluators.building import build_network
from nasbench.evaluators.counts import CountedOnce
from nasbench.profile import count
from nasbench.strategies.around.constrained import Constrained, Limits, Repair
from nasbench.strategies.around.control import Control
from nasbench.strategies.random import RandomSearch
from nasbench.testing import TOY_SPACE, check_strategy, play
from unit.test_strategies_search import MixedSpace

NASNET = spaces.get("nasnet")()
NASNET_COUNTS = CountedOnce(NASNET, Size(depth=2, width=24, skeleton="cifar"), Task())
TIGHT = Limits(max_params=1_000_000, max_macs=130_000_000)  # of random architectures, one in a hundred keeps it


class Counter:
    """Counts how often it is asked for what it was not asked before."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __call__(self, architecture: Architecture) -> tuple[int, int]:
        self.asked.add(architecture.key)
        return NASNET_COUNTS(architecture)


@pytest.mark.parametrize("name", [name for name in strategies.names() if name not in ("hill_climbing", "toy")])
def test_every_strategy_keeps_the_limits(name: str) -> None:
    def factory(space: object) -> Constrained:
        return Constrained(strategies.get(name)(NASNET, seed=1), NASNET_COUNTS, TIGHT, NASNET)

    history = play(factory(NASNET), NASNET, range(1, 31))
    assert all(TIGHT.load(NASNET_COUNTS(trial.architecture)) <= 1.0 for trial in history)
    repaired = [trial for trial in history if trial.note.get("repaired")]
    assert len(repaired) > 5


@pytest.mark.parametrize("name", ["random", "local_search", "ppo"])
def test_the_contract_under_limits(name: str) -> None:
    check_strategy(
        lambda space: Constrained(strategies.get(name)(space, seed=2), NASNET_COUNTS, TIGHT, NASNET),
        NASNET,
        num_trials=45,
    )


def test_the_control_keeps_the_limits() -> None:
    control = Constrained(Control(NASNET), NASNET_COUNTS, TIGHT, NASNET)
    children = [control.ask(number, Random(number), ()) for number in range(1, 21)]
    assert all(TIGHT.load(NASNET_COUNTS(child.architecture)) <= 1.0 and child.note["control"] for child in children)
    assert len({child.architecture for child in children}) == 20


def test_a_repair_takes_about_a_dozen_counts_and_keeps_most_decisions() -> None:
    counter = Counter()
    repair = Repair(counter, TIGHT, NASNET)
    assert len(counter.asked) < 50, "what options cost is learned by groups of decisions"
    kept, asked = [], []
    for draw in range(40):
        wanted = sample("nasnet", NASNET.choices, Random(draw))
        counter.asked.clear()
        repaired = repair(wanted, Random(draw))
        asked.append(len(counter.asked))
        kept.append(sum(a == b for a, b in zip(wanted.items, repaired.items, strict=True)))
        assert repair(wanted, Random(draw)) == repaired, "the generator alone decides"
    assert max(asked) <= 14
    assert sum(kept) / len(kept) > 25


def test_what_keeps_the_limits_is_left_alone() -> None:
    strategy = Constrained(RandomSearch(NASNET), NASNET_COUNTS, Limits(max_macs=10**12), NASNET)
    for number in range(1, 6):
        proposal = strategy.ask(number, Random(number), ())
        assert proposal == RandomSearch(NASNET).ask(number, Random(number), ())


def test_limits_that_nothing_keeps_name_the_smallest() -> None:
    with pytest.raises(
        UsageError, match=r"--max-params 20,000 and --max-macs 5,000,000 .* the smallest has [0-9,]+ parameters"
    ):
        Constrained(RandomSearch(NASNET), NASNET_COUNTS, Limits(20_000, 5_000_000), NASNET)


def test_limits_just_above_the_smallest_are_kept() -> None:
    smallest = (50_770, 15_557_568)  # what a descent over all decisions comes to
    limits = Limits(max_params=round(smallest[0] * 1.05), max_macs=round(smallest[1] * 1.05))
    strategy = Constrained(RandomSearch(NASNET), NASNET_COUNTS, limits, NASNET)
    for number in range(1, 6):
        assert limits.load(NASNET_COUNTS(strategy.ask(number, Random(number), ()).architecture)) <= 1.0


def test_a_space_that_must_be_built_to_be_counted() -> None:
    counts = CountedOnce(TOY_SPACE, Size(), Task(image_size=8))
    limits = Limits(max_params=700)
    check_strategy(lambda space: Constrained(strategies.get("evolution")(space), counts, limits, space), num_trials=40)
    strategy = Constrained(RandomSearch(TOY_SPACE), counts, limits, TOY_SPACE)
    proposals = [strategy.ask(number, Random(number), ()) for number in range(1, 31)]
    assert all(counts(proposal.architecture)[0] <= 700 for proposal in proposals)
    assert len({proposal.architecture for proposal in proposals}) > 5


def test_a_continuous_decision_is_repaired_too() -> None:
    def counts(architecture: Architecture) -> tuple[int, int]:
        return round(1000 * float(architecture.genes["width"])), {"a": 1, "b": 10, "c": 100}[
            str(architecture.genes["op"])
        ]

    space, limits = MixedSpace(), Limits(max_params=800, max_macs=50)
    strategy = Constrained(RandomSearch(space), counts, limits, space)
    proposals = [strategy.ask(number, Random(number), ()).architecture for number in range(1, 41)]
    assert all(limits.load(counts(architecture)) <= 1.0 for architecture in proposals)
    assert {architecture.genes["op"] for architecture in proposals} == {"a", "b"}
    assert len({architecture.genes["width"] for architecture in proposals}) > 30


def test_what_cannot_be_counted_is_proposed_and_will_say_why() -> None:
    def counts(architecture: Architecture) -> tuple[int, int]:
        if architecture.genes["pool"] == "max":
            raise TrialFailed("no such pooling")
        return (100 if architecture.genes["filters"] == 4 else 1000), 1

    strategy = Constrained(RandomSearch(TOY_SPACE), counts, Limits(max_params=100), TOY_SPACE)
    proposals = [strategy.ask(number, Random(number), ()) for number in range(1, 31)]
    for proposal in proposals:
        if proposal.architecture.genes["pool"] == "average":
            assert proposal.architecture.genes["filters"] == 4
        else:
            assert "repaired" not in proposal.note


def test_a_space_of_which_nothing_can_be_counted() -> None:
    def counts(architecture: Architecture) -> tuple[int, int]:
        raise TrialFailed("no memory")

    with pytest.raises(UsageError, match="can be counted at this size: no memory"):
        Constrained(RandomSearch(TOY_SPACE), counts, Limits(max_params=100), TOY_SPACE)


def test_a_network_is_counted_once() -> None:
    built = []

    class Recording(type(TOY_SPACE)):  # type: ignore[misc]
        def build(self, *arguments: object) -> object:
            built.append(arguments)
            return super().build(*arguments)

    counts = CountedOnce(Recording(), Size(resolution=8), Task())
    one = sample("toy", TOY_SPACE.choices, Random(0))
    spelled = [Architecture.of("toy", {**one.genes, "layers": 1, "kernel_2": kernel}) for kernel in (1, 3, 5)]
    assert len({counts(architecture) for architecture in spelled}) == 1
    assert len(built) == 1


def test_a_scaled_resolution_is_counted_in_the_form_of_the_images_own_size() -> None:
    space, size = spaces.make("mbconv"), Size(resolution=96)  # above 64 pixels, another form halves more often
    architecture = sample(space.name, space.choices, Random(1))
    spec = ModelSpec("space:mbconv", size, Task(), architecture=architecture)
    with blank():
        built = count(build_network(spec), spec.seen_task)
    assert CountedOnce(space, size, Task())(architecture) == built


def test_a_network_that_cannot_be_built_is_a_failed_trial() -> None:
    class Refuses(type(TOY_SPACE)):  # type: ignore[misc]
        def build(self, *arguments: object) -> object:
            raise RuntimeError("no such layer")

    with pytest.raises(TrialFailed, match="no such layer"):
        CountedOnce(Refuses(), Size(), Task())(sample("toy", TOY_SPACE.choices, Random(0)))


@pytest.mark.parametrize(
    ("size", "task"),
    [
        (Size(depth=2, width=24, skeleton="cifar"), Task()),
        (Size(depth=1, width=6, skeleton="cifar", aux_head=True), Task(7, 21, 1)),
        (Size(depth=1, width=8, skeleton="imagenet"), Task(11, 65)),
        (Size(depth=1, width=64, skeleton="imagenet", aux_head=True), Task(5, 97)),
    ],
)
def test_the_counts_of_the_nasnet_space_are_those_of_its_networks(size: Size, task: Task) -> None:
    from nasbench.blank import blank
    from nasbench.profile import count

    for draw in range(2):
        architecture = sample("nasnet", NASNET.choices, Random(draw))
        with blank():
            network = NASNET.build(architecture, size, task)
        assert NASNET.counts(architecture, size, task) == count(network, task)
