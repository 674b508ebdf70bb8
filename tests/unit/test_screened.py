"""Strategies behind a cheap score: what is proposed, what stays honest, what leaves no trace."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from nasbench.core.arch import Architecture, sample
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Proposal
from nasbench.report.common.rankings import population_score
from nasbench.strategies.around.constrained import Constrained, Limits
from nasbench.strategies.around.scored_once import Values
from nasbench.strategies.around.screened import Screened, scores_among
from nasbench.testing import TOY_SPACE, check_strategy, play
from nasbench.testing.toy import answer

Value = float | None


class Filters:
    """A cheap score: more filters are better; networks in `undefined` have none. Counts what it computes."""

    label = "filters"

    def __init__(self, undefined: Sequence[str] = ()) -> None:
        self.known: dict[str, Values] = {}
        self.computed: list[str] = []
        self.undefined = undefined

    def __call__(self, key: str, canonical: Architecture) -> Values:
        if key not in self.known:
            self.computed.append(key)
            value = None if key in self.undefined else float(canonical.genes["filters"])
            self.known[key] = {"score": value}
        return self.known[key]

    def remember(self, key: str, values: Values) -> None:
        self.known.setdefault(key, values)


class Scripted:
    """Proposes from a list, however often it is asked: the n-th candidate is the n-th of the list."""

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        self.proposals, self.seen = proposals, list[int]()

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        self.seen.append(len(running))
        return replace(self.proposals[len(running)], number=number)

    def tell(self, trial: object) -> None: ...


def point(filters: int = 4, kernel: int = 1, layers: int = 1) -> Architecture:
    return Architecture.of(
        "toy", {"kernel_1": kernel, "filters": filters, "pool": "max", "layers": layers, "kernel_2": 1}
    )


def key(architecture: Architecture) -> str:
    return TOY_SPACE.canonical(architecture).key


def factory(name: str, count: int = 3) -> Callable[[SearchSpace], Strategy]:
    return lambda space: Screened(strategies.get(name)(space, seed=1), Filters(), count, space)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("tpe", "nsga2", "predictor", "reinforce", "ppo")]


@pytest.mark.parametrize("name", ["random", "evolution", "asha", "local_search", *SLOW])
def test_the_contract_of_strategies(name: str) -> None:
    check_strategy(factory(name, 2), num_trials=21)


def test_the_best_of_several_is_proposed_with_its_own_log_probability() -> None:
    plain = strategies.get("ppo")(TOY_SPACE, seed=1, controller="table")
    behind = Screened(strategies.get("ppo")(TOY_SPACE, seed=1, controller="table"), Filters(), 8, TOY_SPACE)
    for number in range(1, 13):
        proposal = behind.ask(number, trial_rng(0, number), ())
        told = proposal.note["screened"]
        assert told["by"] == "filters"
        assert 2 <= told["of"] <= 8
        assert told["score"] == proposal.architecture.genes["filters"]
        assert proposal.note["blind"] is False, "what was chosen is no random child"
        own = plain._log_prob(tuple(plain.policy.indices(proposal.architecture)))
        assert proposal.note["log_prob"] == pytest.approx(own, abs=1e-9), "what is told is the policy's own probability"
        trial = answer(proposal, TOY_SPACE, "ok", 0.5, seed=0)
        behind.tell(trial)
        plain.tell(trial)
    asked = [behind.ask(13, Random(n), ()).architecture.genes["filters"] for n in range(20)]
    assert asked.count(16) >= 19, "the best of eight"


def test_each_proposal_sees_the_earlier_ones_as_running_and_the_first_is_that_without_a_screen() -> None:
    proposals = [Proposal(1, point(filters)) for filters in (4, 8, 16)]
    inner = Scripted(proposals)
    assert Screened(inner, Filters(), 3, TOY_SPACE).ask(1, Random(0), ()).architecture == point(16)
    assert inner.seen == [0, 1, 2]
    plain = strategies.get("random")(TOY_SPACE)
    for draw in range(20):
        asked: list[Architecture] = []

        class Listening(Scripted):
            def ask(
                self, number: int, rng: Random, running: Sequence[Proposal], asked: list[Architecture] = asked
            ) -> Proposal:
                asked.append((found := plain.ask(number, rng, running)).architecture)
                return found

        Screened(Listening([]), Filters(), 3, TOY_SPACE).ask(5, Random(draw), ())
        assert asked[0] == plain.ask(5, Random(draw), ()).architecture
        assert len(set(asked)) > 1, "the others have generators of their own"


def test_networks_that_were_met_rank_behind_all_others_and_undefined_ones_behind_the_defined() -> None:
    met, small, none = point(16), point(4), point(8)
    cheap = Filters(undefined=[key(none)])
    behind = Screened(Scripted([Proposal(1, met), Proposal(1, none), Proposal(1, small)]), cheap, 3, TOY_SPACE)
    assert behind.ask(1, Random(0), ()).architecture == met
    behind.tell(answer(Proposal(1, met), TOY_SPACE, "failed", 0.0, 0))
    assert behind.ask(2, Random(0), ()).architecture == small
    behind.tell(answer(Proposal(2, small), TOY_SPACE, "ok", 0.1, 0))
    chosen = behind.ask(3, Random(0), ())
    assert chosen.architecture == none
    assert chosen.note["screened"]["score"] is None
    behind.tell(answer(chosen, TOY_SPACE, "ok", 0.1, 0))
    assert behind.ask(4, Random(0), ()).architecture == met, "all are met: the best by the score"


def test_running_networks_count_as_met_and_spellings_of_one_network_as_one() -> None:
    twice = [Proposal(1, point(16)), Proposal(1, replace_kernel(point(16))), Proposal(1, point(8))]

    class Ordered(Scripted):
        def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
            mine = [each for each in running if each.number == number]
            return super().ask(number, rng, mine)

    proposal = Screened(Ordered(twice), Filters(), 3, TOY_SPACE).ask(1, Random(0), ())
    assert proposal.note["screened"]["of"] == 2
    elsewhere = Proposal(7, point(16))
    assert Screened(Ordered(twice), Filters(), 3, TOY_SPACE).ask(1, Random(0), (elsewhere,)).architecture == point(8)


def replace_kernel(architecture: Architecture) -> Architecture:
    """Another spelling of the same network: a second kernel without a second layer."""
    return Architecture.of("toy", {**architecture.genes, "kernel_2": 5})


@pytest.mark.parametrize("resumes", [True, False])
def test_what_goes_on_with_an_earlier_trial_is_not_screened(resumes: bool) -> None:
    old = point(4)
    promotion = Proposal(2, old, epochs=9, resume_from=1 if resumes else None)
    fresh = [Proposal(2, point(16), epochs=3), Proposal(2, point(8), epochs=3)]
    told = answer(Proposal(1, old, epochs=3), TOY_SPACE, "ok", 0.9, 0)
    first = Screened(Scripted([promotion, *fresh]), Filters(), 3, TOY_SPACE)
    first.tell(told)
    assert first.ask(2, Random(0), ()) == promotion
    later = Screened(Scripted([fresh[1], fresh[0], fresh[0]]), Filters(), 3, TOY_SPACE)
    later.tell(told)
    assert later.ask(2, Random(0), ()).architecture == point(16)


def test_asha_promotes_behind_a_screen_what_it_promotes_without_one() -> None:
    asha = Screened(strategies.get("asha")(TOY_SPACE, seed=1, epochs=9), Filters(), 4, TOY_SPACE)
    history = play(asha, TOY_SPACE, range(1, 41), statuses=("ok",))
    promoted = [trial for trial in history if trial.note.get("rung")]
    assert {trial.epochs for trial in promoted} == {3, 9}
    assert not any("screened" in trial.note for trial in promoted)
    fresh = [trial for trial in history if trial.note["rung"] == 0]
    assert all("screened" in trial.note and trial.epochs == 1 for trial in fresh)


def test_limits_hold_for_what_is_chosen() -> None:
    def counts(architecture: Architecture) -> tuple[int, int]:
        return int(architecture.genes["filters"]), 1

    inner = Constrained(strategies.get("evolution")(TOY_SPACE), counts, Limits(max_params=8), TOY_SPACE)
    history = play(Screened(inner, Filters(), 4, TOY_SPACE), TOY_SPACE, range(1, 31))
    assert {trial.proposed.genes["filters"] for trial in history} == {4, 8}
    assert any(trial.note.get("repaired") for trial in history)


def test_what_the_log_knows_is_not_computed_again() -> None:
    lived = Filters()
    history = play(Screened(strategies.get("random")(TOY_SPACE), lived, 3, TOY_SPACE), TOY_SPACE, range(1, 11))
    cheap = Filters()
    resumed = Screened(strategies.get("random")(TOY_SPACE), cheap, 3, TOY_SPACE)
    for trial in history:
        resumed.tell(trial)
    assert cheap.known == {trial.key: lived.known[trial.key] for trial in history}
    resumed.tell(replace(history[0], key="other", note={"screened": {"score": "much"}}))  # a file may say anything
    assert "other" not in cheap.known


def test_parts_are_ranked_among_the_candidates_as_in_a_comparison() -> None:
    rng = Random(0)
    rows: list[list[Value]] = [[rng.choice([None, 1.0, 2.0, rng.random()]) for _ in range(4)] for _ in range(9)]
    found = scores_among([{str(place): value for place, value in enumerate(row)} for row in rows])
    assert found == pytest.approx(list(population_score(rows)))


def test_a_score_of_parts_keeps_them_in_the_note() -> None:
    class Parts(Filters):
        def __call__(self, key: str, canonical: Architecture) -> Values:
            return {"wide": float(canonical.genes["filters"]), "deep": float(canonical.genes["layers"])}

    cheap = Parts()
    behind = Screened(strategies.get("random")(TOY_SPACE), cheap, 5, TOY_SPACE)
    proposal = behind.ask(1, Random(3), ())
    assert set(proposal.note["screened"]["parts"]) == {"wide", "deep"}
    behind.tell(answer(proposal, TOY_SPACE, "ok", 0.5, 0))
    assert cheap.known[key(proposal.architecture)] == proposal.note["screened"]["parts"]


def test_random_points_are_better_by_the_score_with_more_proposals() -> None:
    draws = [sample("toy", TOY_SPACE.choices, Random(n)).genes["filters"] for n in range(60)]
    behind = Screened(strategies.get("random")(TOY_SPACE), Filters(), 4, TOY_SPACE)
    chosen = [behind.ask(n, Random(n), ()).architecture.genes["filters"] for n in range(60)]
    assert sum(map(int, chosen)) > 1.4 * sum(map(int, draws))
