"""The control among a search's trials: how many, which, and that the search does not notice it."""

from random import Random

import pytest

from nasbench.core.control import BEFORE, SHARES, Shares, WithControl, due, shares_of, without_control
from nasbench.core.curves import is_control, is_random, searched
from nasbench.core.errors import UsageError
from nasbench.core.loop import JobLoop
from nasbench.core.registry import strategies
from nasbench.core.source import SpaceSource, step_of
from nasbench.core.trial import Trial
from nasbench.strategies.around.control import Control
from nasbench.testing.toy import TOY_SPACE
from unit.toys import plan


def source(
    strategy: str,
    trials: int,
    without: int | None = None,
    numbers: list[int] | None = None,
    shares: Shares = SHARES,
) -> SpaceSource:
    """A search of `trials` trials; with its control, unless `without` is None."""
    from dataclasses import replace

    over = replace(plan(trials), numbers=numbers or range(1, trials + 1))
    search = SpaceSource(TOY_SPACE, strategies.make(strategy, TOY_SPACE, seed=0), over, counted=True)
    if without is None:
        return search
    return WithControl(search, SpaceSource(TOY_SPACE, Control(TOY_SPACE, 0), over, counted=True), without, shares)


def run(
    jobs: SpaceSource, history: list[Trial] | None = None, stop: int | None = None, failing: int = 0
) -> list[Trial]:
    """Evaluates every job (up to `stop` trials), by a made-up score; the first `failing` of the control fail."""
    log = list(history or [])
    loop = JobLoop(jobs, log.append, lambda metrics: metrics["score"], history=tuple(log))
    while len(log) != stop and (job := loop.next()) is not None:
        if job.note.get("control") and sum(trial.status == "failed" for trial in log) < failing:
            loop.fail(job, "no memory", 0.0, "test")
        else:
            loop.finish(job, {"score": Random(job.key).random()}, 0.0, "test")
    return log


def told(trials: list[Trial]) -> list[tuple[str, str, bool]]:
    return [(trial.key, trial.status, is_control(trial)) for trial in trials]


def test_six_of_the_first_24_twelve_of_the_first_hundred_and_one_in_sixteen_of_the_others():
    assert [due(place) for place in (1, 3, 4, 23, 24, 36, 96, 111, 112, 1000)] == [0, 0, 1, 5, 6, 7, 12, 12, 13, 68]
    assert [due(place, BEFORE) for place in (24, 96, 111, 112, 1000)] == [6, 24, 24, 25, 80]
    assert (without_control([24]), without_control([12]), without_control([6, 12, 50])) == (0, 12, 12)


@pytest.mark.parametrize("name", ["ppo", "local_search", "evolution", "tpe"])
def test_a_default_search_has_enough_random_children_and_spends_no_trial_more(name):
    trials = run(source(name, 48, without=0))
    assert [trial.number for trial in trials] == list(range(1, 49))
    assert sum(map(is_random, trials)) >= due(48)
    blind = [trial for trial in searched(trials) if is_random(trial)]
    assert sum(map(is_control, trials)) == max(0, due(48) - len(blind)), "what it proposed blindly counts as well"


@pytest.mark.parametrize("name", ["ppo", "evolution", "local_search", "tpe", "predictor"])
def test_the_search_proposes_what_it_proposes_without_a_control(name):
    alone, beside = run(source(name, 30)), run(source(name, 30, without=0))
    mine = searched(beside)
    assert [step_of(trial) for trial in mine] == list(range(1, len(mine) + 1))
    assert [trial.key for trial in mine] == [trial.key for trial in alone[: len(mine)]]


@pytest.mark.parametrize("name", ["ppo", "evolution", "random"])
def test_stopped_and_extended_searches_are_the_long_one(name):
    whole = run(source(name, 50, without=0))
    stopped = run(source(name, 50, without=0), stop=17)
    assert told(run(source(name, 50, without=0), stopped)) == told(whole)
    extended = run(source(name, 50, without=0), run(source(name, 26, without=0)))
    assert told(extended) == told(whole)
    later = [*range(1, 27), *range(31, 55)]  # other phases of the run lie between
    apart = run(source(name, 50, without=0, numbers=later), run(source(name, 26, without=0)))
    assert told(apart) == told(whole)
    assert [trial.number for trial in apart] == later


def test_the_control_repeats_no_blind_proposal_of_the_search():
    own = Control(TOY_SPACE, 0).ask(4, Random(1), ())
    assert own == Control(TOY_SPACE, 0).ask(4, Random(2), ())
    assert own != Control(TOY_SPACE).ask(4, Random(1), ())


@pytest.mark.parametrize(("failing", "random", "compared"), [(0, 6, 6), (2, 8, 6), (50, 11, 2)])
def test_a_random_child_that_failed_is_replaced_but_never_more_than_are_due(failing, random, compared):
    trials = run(source("ppo", 24, without=0), failing=failing)
    drawn = [trial for trial in trials if is_random(trial)]
    assert len(trials) == 24
    assert (len(drawn), sum(trial.scored for trial in drawn)) == (random, compared)
    stopped = run(source("ppo", 24, without=0), stop=11, failing=failing)
    assert told(run(source("ppo", 24, without=0), stopped, failing=failing)) == told(trials)


def test_a_run_that_was_begun_with_other_shares_goes_on_with_them():
    assert shares_of({"control_shares": [[24, 4], [96, 12], [None, 16]]}) == list(SHARES)
    assert shares_of({}) == BEFORE
    older = run(source("ppo", 60, without=0, shares=BEFORE), failing=2)
    assert sum(map(is_random, older)) == 15, "a quarter, and none is replaced"
    for wrong in ([], [[24]], [[24, 0]], [["a", 2]], "auto", [3]):
        with pytest.raises(UsageError, match="control_shares"):
            shares_of({"control_shares": wrong})
