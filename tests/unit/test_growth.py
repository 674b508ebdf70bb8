"""Networks that get deeper in the course of a search: the schedule, its log, its replay, and who goes on learning."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

import nasbench
from nasbench.core.arch import sample
from nasbench.core.control import WithControl
from nasbench.core.curves import groups_of, is_control
from nasbench.core.errors import UsageError
from nasbench.core.growth import Growth, depths_for, of_growing
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.source import SpaceSource
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.strategies.around.control import Control
from nasbench.strategies.around.growing import Growing
from nasbench.strategies.controller.controller import Controller
from nasbench.strategies.controller.reinforce import Reinforce
from nasbench.strategies.random import RandomSearch
from nasbench.testing import play
from search_spaces.nas_rl.space import NasRlSpace
from unit.made_up import SCORE, MadeUp
from unit.toys import plan

GROWTH = Growth(2, 2, 8)
SEARCH = {"space": "nas-rl", "layers": 2, "grow_layers": 2, "grow_every": 8, "control": 0}
PAPER = {**SEARCH, "strategy": "reinforce", "strategy_options": {"preset": "paper", "hidden_units": 5, "batch_size": 4}}

TABLE = {**SEARCH, "strategy": "ppo", "strategy_options": {"hidden_units": 0}}


@pytest.fixture(autouse=True)
def only_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests read the log: they skip the second that drawing a report takes."""
    monkeypatch.setattr("nasbench.engine.search.command.write_report", lambda store: [])


def search(run: Path, **options: Any) -> list[Trial]:
    given = options if options.get("resume") else {"evaluator": SCORE, **options}
    return list(nasbench.search(**given, run=str(run), trackers=()).trials)


def layers(trials: Sequence[Trial]) -> list[int]:
    return [NasRlSpace().containing(trial.proposed).layers for trial in sorted(trials, key=lambda each: each.number)]


def lines(run: Path) -> list[dict[str, Any]]:
    """The log, less what depends on the clock."""
    found = [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]
    return [{name: each for name, each in line.items() if name not in ("seconds", "started")} for line in found]


def test_the_published_schedule():
    published = Growth(6, 2, 1600)
    assert [published.layers(place) for place in (1, 1600, 1601, 12800)] == [6, 6, 8, 20]
    layers_of = Growth(2, 1, 3).layers_of([1, 2, 3, 4, 8, 9, 10])  # 5 to 7 came after the search's first part
    assert [layers_of(number) for number in range(1, 12)] == [2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4]


def test_a_search_gets_deeper_and_says_so(tmp_path, capsys):
    trials = search(tmp_path / "run", **PAPER, trials=20)
    assert layers(trials) == [2] * 8 + [4] * 8 + [6] * 4
    assert [trial.note["layers"] for trial in trials] == layers(trials)
    assert [trial.note["updates"] for trial in trials] == [(trial.number - 1) // 4 for trial in trials], (
        "one controller"
    )
    said = "networks have 2 layers, and 2 more after each 8 trials: the last ones have 6"
    assert f"{said}\n" in capsys.readouterr().err
    config = RunStore.read(tmp_path / "run").run["config"]
    assert {name for group in groups_of(config, trials) for name in group.decisions if name.startswith("layer_6_")}


@pytest.mark.parametrize(("done", "options"), [(8, PAPER), (17, PAPER), (11, TABLE)])
def test_what_was_cut_off_goes_on_bit_for_bit(done, options, tmp_path):
    search(tmp_path / "whole", **options, trials=20)
    whole = tmp_path / "whole" / "trials.jsonl"
    text = whole.read_text().splitlines(keepends=True)
    before = lines(tmp_path / "whole")
    whole.write_text("".join(text[:done]) + text[done][:40])
    search(tmp_path / "whole", resume=True)
    assert lines(tmp_path / "whole") == before


def test_an_extended_search_and_its_children_after_it_keep_the_schedule(tmp_path):
    search(tmp_path / "run", **{**SEARCH, "control": 3}, strategy="random", trials=10)
    extended = search(tmp_path / "run", resume=True, trials=20)
    assert layers(extended) == [2] * 8 + [4] * 2 + [4] * 3 + [4] * 6 + [6] * 4
    assert [trial.number for trial in extended if is_control(trial)] == [11, 12, 13]


def test_random_children_among_the_trials_are_as_deep_as_their_neighbours(tmp_path):
    trials = search(tmp_path / "run", **{**SEARCH, "control": "auto"}, strategy="ppo", trials=24)
    assert layers(trials) == [2] * 8 + [4] * 8 + [6] * 8
    assert sum(map(is_control, trials)) > 2


@pytest.mark.parametrize("strategy", ["evolution", "tpe"])
def test_others_start_anew_at_each_depth(strategy, tmp_path, capsys):
    options = {"strategy_options": {"population": 3, "sample": 2}} if strategy == "evolution" else {}
    trials = search(tmp_path / "run", **SEARCH, strategy=strategy, trials=12, max_params="60M", **options)
    assert layers(trials) == [2] * 8 + [4] * 4
    assert f"{strategy} starts anew at each depth" in capsys.readouterr().err


def test_a_log_with_another_depth_is_refused(tmp_path):
    space = NasRlSpace(2)
    check = of_growing(space, GROWTH, range(1, 21), [21])
    deep = {depth: sample("nas-rl", NasRlSpace(depth).choices, Random(depth)) for depth in (2, 3, 4, 6)}

    def trial(number: int, depth: int) -> Trial:
        return Trial(number, deep[depth], "", "ok", 0.5, {}, 1, 0.0, 0, "", "", {})

    for number, depth in ((8, 2), (9, 4), (17, 6), (21, 6), (22, 4), (23, 2)):  # 22 and 23 were trained again
        check(trial(number, depth))
    for number, depth in ((8, 4), (9, 2), (21, 4), (22, 3)):
        with pytest.raises(UsageError, match=rf"has {depth} layers; by the schedule .* trial {number} has"):
            check(trial(number, depth))
    search(tmp_path / "run", **SEARCH, strategy="random", trials=10)
    log = tmp_path / "run" / "trials.jsonl"
    text = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*text[:7], *text[8:]]).replace('"number":9', '"number":8'))
    with pytest.raises(UsageError, match=r"line 8 of .*: its network has 4 layers.* trial 8 has 2"):
        search(tmp_path / "run", resume=True)


def test_several_workers_ask_in_any_order_and_get_the_scheduled_depth():
    space = NasRlSpace(2)
    own = Reinforce(space, hidden_units=4, batch_size=2)
    growing = Growing(space, own, Reinforce, lambda inner, _: inner)
    random = Growing(space, Control(space, 0), lambda at: Control(at, 0), lambda inner, _: inner)
    assert (growing.starts_anew, random.starts_anew) == (False, True)
    numbers = plan(trials=30)
    layers_of = GROWTH.layers_of(numbers.numbers)
    searching = SpaceSource(space, growing, numbers, counted=True, layers_of=layers_of)
    source = WithControl(searching, SpaceSource(space, random, numbers, counted=True, layers_of=layers_of))
    running: list[Job] = []
    for number in range(1, 31):
        job = source.ask(number, running)
        assert job.architecture is not None
        assert job.note["layers"] == space.containing(job.architecture).layers == layers_of(number)
        running.append(job)
        if len(running) == 5:  # a trial of an earlier depth is told after one of the next depth was asked
            done = running.pop(0)
            source.tell(Trial(done.number, done.architecture, done.key, "ok", 0.5, {}, 1, 0.0, 0, "", "", done.note))
    assert isinstance(own, Controller)
    assert own.updates > 5


@pytest.mark.parametrize("adam", [0, 1])
def test_a_table_of_logits_goes_on_in_deeper_networks(adam):
    """It does what one does that was made for the deeper space and proposes the same, which it knows more of alone."""
    first, deeper = NasRlSpace(2), NasRlSpace(3)
    grown, replayed = (Reinforce(first, hidden_units=0, batch_size=3, adam=adam) for _ in range(2))
    history = play(grown, first, range(1, 21), ("ok",))
    view = grown.deeper(deeper)
    assert view is not None
    before = grown.policy.logits.detach().clone()
    mixed = [*play(view, deeper, range(21, 41), ("ok",)), *play(grown.deeper(first), first, range(41, 44), ("ok",))]
    assert not torch.equal(grown.policy.logits, before)
    assert [len(trial.proposed.items) for trial in mixed] == [len(deeper.choices)] * 20 + [len(first.choices)] * 3
    again = replayed.deeper(deeper)  # before it is told anything
    for trial in (*history, *mixed):
        again.tell(trial)
    assert repr(again.ask(50, Random(5), ())) == repr(view.ask(50, Random(5), ()))
    indices, log_prob, entropy = grown.policy.sample(Random(1), num_decisions=len(first.choices))
    longer = grown.policy.sample(Random(2))
    together = grown.policy.log_prob_and_entropy([indices, longer[0]])
    assert together[0].tolist() == pytest.approx([log_prob, longer[1]])
    assert together[1].tolist() == pytest.approx([entropy, longer[2]])
    assert Reinforce(first, hidden_units=4, anchors=0).deeper(deeper) is None


def test_settings_of_deeper_networks_may_be_given_from_the_start(tmp_path):
    trials = search(tmp_path / "run", **SEARCH, strategy="random", trials=17, space_options=("pools=5",))
    assert layers(trials) == [2] * 8 + [4] * 8 + [6]
    assert "layer_5_filters" not in trials[-1].proposed.genes
    again = NasRlSpace(6, pools=(5,)).with_layers(2).with_layers(6)
    assert again.choices == NasRlSpace(6, pools=(5,)).choices


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grow_layers": 2}, "--grow-layers 2 .* needs --grow-every"),
        ({"grow_every": 5}, "--grow-every 5 needs --grow-layers"),
        ({"grow_layers": -1, "grow_every": 5}, "--grow-layers .* got -1"),
        (
            {"space": "nasnet", "grow_layers": 2, "grow_every": 5},
            "--grow-layers is for spaces .* Leave --grow-layers 2",
        ),
        ({"grow_layers": 90, "grow_every": 5}, "the networks of 20 trials have 6 to 276 layers: .* from 1 to 256"),
        ({"space_options": ("pools=40",), "grow_layers": 2, "grow_every": 5}, r"have 6 to 12 layers: .*pools"),
        ({"grow_layers": 2, "grow_every": 5, "evaluator": "table:x.csv"}, "a table knows networks of one depth"),
    ],
)
def test_schedules_that_cannot_be_kept_are_answered(options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        search(tmp_path / "run", **{"space": "nas-rl", "strategy": "random", "trials": 20, **options})


def test_a_resumed_run_keeps_its_schedule(tmp_path):
    search(tmp_path / "run", **SEARCH, strategy="random", trials=10)
    with pytest.raises(UsageError, match="--grow-every 9 contradicts the run"):
        search(tmp_path / "run", resume=True, grow_every=9)


def test_a_dry_run_counts_children_of_all_depths():
    assert depths_for(GROWTH, 24, 6) == [2, 2, 4, 4, 6, 6]
    assert depths_for(None, 24, 2) == [None, None]


def test_no_growth_is_the_search_as_it_was(tmp_path):
    plain = search(tmp_path / "plain", space="nas-rl", strategy="random", trials=6)
    none = search(tmp_path / "none", space="nas-rl", strategy="random", trials=6, grow_layers=0, grow_every=3)
    assert [trial.key for trial in plain] == [trial.key for trial in none]
    assert all("layers" not in trial.note for trial in none)
    assert isinstance(RandomSearch(NasRlSpace(2)), RandomSearch)


class Killed(MadeUp):
    """It ends its process in the middle of trial 11, once."""

    def __call__(self, job: Job, report: Report) -> Metrics:
        once = Path(os.environ["KILLED_ONCE"])
        if job.number == 11 and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(job, report)


@pytest.mark.slow
def test_a_killed_search_goes_on_bit_for_bit(tmp_path, monkeypatch):
    search(tmp_path / "whole", **PAPER, trials=20)
    monkeypatch.setenv("KILLED_ONCE", str(tmp_path / "once"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    given = {**PAPER, "trials": 20, "evaluator": f"{__name__}:Killed", "run": str(tmp_path / "run")}
    code = f"import nasbench; nasbench.search(trackers=(), **{given!r})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert len(lines(tmp_path / "run")) == 10
    search(tmp_path / "run", resume=True, trust=True)
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")
