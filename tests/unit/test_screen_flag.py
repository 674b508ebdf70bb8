"""`--screen`: what it takes and refuses; searches, races and dry runs behind it."""

import json
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nasbench
from nasbench.cli import main
from nasbench.core.arch import Architecture, Choice
from nasbench.core.control import SMALLEST_SEARCH, WithControl
from nasbench.core.errors import RunFailed, UsageError
from nasbench.core.loop import JobLoop
from nasbench.core.proxy import needs
from nasbench.core.run_title import run_title
from nasbench.core.source import JobSource, SpaceSource
from nasbench.core.store import RunStore
from nasbench.core.trial import Trial
from nasbench.engine.config import RaceConfig, SearchConfig
from nasbench.engine.config.screen import screen_of
from nasbench.engine.config.trust import import_paths
from nasbench.engine.parts.searching import prepare
from nasbench.engine.race.command import run_race
from nasbench.engine.race.repetition import Repetitions
from nasbench.testing.toy import TOY_SPACE

SPACE = "nasbench.testing.toy:ToySpace"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Made-up results of all spellings of the toy space: networks with more filters are better, and cost more. And a
    second table, which knows less: the opposite score, of networks with 8 filters and more.
    """
    folder = tmp_path_factory.mktemp("table")
    names = [choice.name for choice in TOY_SPACE.choices]
    options = [choice.options for choice in TOY_SPACE.choices if isinstance(choice, Choice)]
    lines, some = [",".join([*names, "val_accuracy", "seconds"])], [",".join([*names, "value"])]
    for genes in product(*options):
        point = TOY_SPACE.canonical(Architecture.of("toy", dict(zip(names, genes, strict=True))))
        filters = int(point.genes["filters"])
        good = filters / 20 + int(point.key, 16) % 97 / 1000
        lines.append(",".join([*map(str, genes), f"{good}", str(10 + filters)]))
        if filters > 4:
            some.append(",".join([*map(str, genes), f"{-good}"]))
    (folder / "all.csv").write_text("\n".join(lines) + "\n")
    (folder / "some.csv").write_text("\n".join(some) + "\n")
    return str(folder / "all.csv"), str(folder / "some.csv")


@pytest.fixture
def table(tables: tuple[str, str]) -> str:
    return tables[0]


@pytest.fixture
def some(tables: tuple[str, str]) -> str:
    return tables[1]


@pytest.fixture
def search(table: str, tmp_path: Path) -> Callable[..., list[Trial]]:
    """The log of a search on the table, without a run directory; it goes on after `history`."""

    def run(history: Sequence[Trial] = (), **options: Any) -> list[Trial]:
        given = {"space": SPACE, "evaluator": f"table:{table}", "strategy": "evolution", "trials": 12, **options}
        config = SearchConfig.of(**given).completed()
        config.check()
        parts, log = prepare(config, tmp_path), list(history)
        source: JobSource = SpaceSource(parts.space, parts.strategy, parts.plan, counted=True)
        if parts.mixed:
            source = WithControl(source, SpaceSource(parts.space, parts.control, parts.plan, counted=True))
        loop = JobLoop(source, log.append, parts.score, history=history)
        while (job := loop.next()) is not None:
            loop.finish(job, parts.evaluator(job, lambda *_: None), 0.0, "here")
        return log

    return run


def told(trials: list[Trial]) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.key, trial.score, dict(trial.note)) for trial in trials]


def test_a_search_proposes_the_best_of_k_and_its_log_says_so(search: Callable[..., list[Trial]]) -> None:
    trials = search(screen="proxy:params=6")
    assert {trial.note["screened"]["by"] for trial in trials} == {"proxy:params"}
    assert all(2 <= trial.note["screened"]["of"] <= 6 and trial.note["blind"] is False for trial in trials)
    assert [int(trial.proposed.genes["filters"]) for trial in trials].count(16) >= 8
    assert told(trials) == told(search(screen="proxy:params=6"))


@pytest.mark.parametrize("strategy", ["evolution", "ppo"])
def test_a_resumed_search_proposes_what_an_uninterrupted_one_does(
    search: Callable[..., list[Trial]], strategy: str
) -> None:
    whole = search(strategy=strategy, screen="proxy:params=4")
    assert told(search(whole[:5], strategy=strategy, screen="proxy:params=4")) == told(whole)


def test_a_table_gives_the_scores_and_what_it_lacks_ranks_last(search: Callable[..., list[Trial]], some: str) -> None:
    trials = search(strategy="random", screen=f"table:{some}#value=8", trials=10)
    assert {int(trial.proposed.genes["filters"]) for trial in trials} == {8, 16}
    assert all(trial.note["screened"]["score"] < 0 for trial in trials), "what the table lacks was never chosen"


@pytest.mark.slow
def test_a_run_keeps_its_screen(table: str, some: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"space": SPACE, "evaluator": f"table:{table}", "run": str(tmp_path / "r"), "trackers": []}
    nasbench.search(**given, trials=4, screen=f"table:{some}#value=3")
    run = RunStore.read_record(tmp_path / "r")
    assert run["config"]["screen"] == f"table:{some}#value=3"
    assert run["identity"]["screen"]["column"] == "value"
    assert len(nasbench.search(run=given["run"], trackers=[], resume=True, trials=6).trials) == 6
    with pytest.raises(UsageError, match="--screen"):
        nasbench.search(run=given["run"], trackers=[], resume=True, trials=8, screen="proxy:macs=4")


@pytest.mark.parametrize("name", ["random", "asha"])
def test_what_is_screened_is_no_control_and_the_control_is_not_screened(
    search: Callable[..., list[Trial]], name: str
) -> None:
    trials = search(
        evaluator="unit.test_screen_flag:Own", strategy=name, trials=SMALLEST_SEARCH, screen="proxy:params=3"
    )
    random = [trial for trial in trials if trial.note.get("blind")]
    assert len(random) == SMALLEST_SEARCH // 4
    assert all(trial.note.get("control") and "screened" not in trial.note for trial in random)


class Own:
    """An evaluator of one's own."""

    def __call__(self, job: Any, report: Any) -> dict[str, float]:
        return {"val_accuracy": int(job.key, 16) % 1000 / 1000}

    def check(self) -> None: ...

    def task(self) -> Any:
        from nasbench.core.spec import Task

        return Task(image_size=8, channels=1)


@needs(parts=("one", "two"))
def two_parts(params: int, macs: int) -> dict[str, float]:
    return {"one": float(params), "two": float(-macs)}


def broken(params: int) -> float:
    raise KeyError("nothing there")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    def put(function: Any) -> str:
        module = ModuleType("my_screens")
        module.my_score = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "my_screens", module)
        return "proxy:my_screens:my_score"

    return put


def test_proxies_of_ones_own(search: Callable[..., list[Trial]], own: Callable[[Any], str]) -> None:
    trials = search(screen=f"{own(two_parts)}=3", trials=4)
    assert set(trials[0].note["screened"]["parts"]) == {"one", "two"}
    with pytest.raises(RunFailed, match=r"is defined on none of the first 10 networks.*KeyError: 'nothing there'"):
        search(screen=f"{own(broken)}=4")


def test_the_screen_may_be_the_evaluator_too(search: Callable[..., list[Trial]]) -> None:
    own = {"evaluator": "proxy:grad_norm", "dataset": "digits", "device": "cpu", "strategy": "random", "trials": 2}
    for trial in search(**own, screen="proxy:grad_norm=2"):
        assert trial.note["screened"]["score"] == trial.score


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("proxy:synflow", "Give K as well, such as proxy:synflow=8"),
        ("synflow", "Such as --screen proxy:synflow=8"),
        ("synflow=8", "Write proxy:synflow=8"),
        ("proxy:synflow=1", "from 2 to 10,000; got '1'. Leave --screen out"),
        ("proxy:synflow=", "from 2 to 10,000; got ''"),
        ("proxy:synflow=-3", "got '-3'"),
        ("proxy:synflow=2.5", "got '2.5'"),
        ("proxy:synflow=99999", "got '99999'"),
        ("proxy:synflwo=4", "no proxy named 'synflwo'. Did you mean 'synflow'"),
        ("proxy:=4", "proxy needs the name of one"),
        ("proxy:nowhere_at_all:score=4", "nowhere_at_all"),
        ("supernet=8", "Known proxies: az-nas"),
        ("epochs:3=4", "A proxy of your own: proxy:my_package.my_module:my_score=K"),
        ("table:known.csv=4", "table:FILE#COLUMN=K; got 'table:known.csv=4'"),
    ],
)
def test_what_is_no_screen_is_refused(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--space", "nasbench201", "--screen", text]) == 2
    assert message in capsys.readouterr().err
    with pytest.raises(UsageError):
        screen_of(text)


def test_a_missing_table_and_a_missing_column_are_refused(search: Callable[..., list[Trial]], some: str) -> None:
    with pytest.raises(UsageError, match=r"--screen table:none\.csv#a=3: no table at none\.csv"):
        search(screen="table:none.csv#a=3")
    with pytest.raises(UsageError, match=r"named 'valu'\. Did you mean 'value'"):
        search(screen=f"table:{some}#valu=3")


def test_a_path_in_a_file_is_not_followed_without_trust() -> None:
    stored = {"screen": "proxy:their_module:score=4"}
    assert [each.path for each in import_paths(SearchConfig(), stored)] == ["their_module:score"]
    assert [each.path for each in import_paths(RaceConfig(), {"screen": ["proxy:a:b=4", "proxy:params=2"]})] == ["a:b"]


def test_what_a_run_is_called() -> None:
    assert run_title({"space": "nasnet", "strategy": "ppo", "dataset": "digits", "screen": "proxy:synflow=8"}) == (
        "nasnet · ppo + proxy:synflow=8 · digits"
    )


def test_a_dry_run_says_what_screening_costs(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["search", "--space", SPACE, "--evaluator", f"table:{table}", "--trials", "7", "--dry-run"]
    assert main([*given, "--screen", "proxy:params=5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["screen"], found["scores"]) == ("proxy:params=5", 35)
    assert main([*given, "--screen", "proxy:params=5"]) == 0
    assert "of every 5 proposals, the best by proxy:params is evaluated" in capsys.readouterr().out


def test_a_race_runs_every_strategy_with_and_without(search: Callable[..., list[Trial]], table: str, some: str) -> None:
    options = {"space": SPACE, "evaluator": f"table:{table}", "seeds": 2, "trials": 8}
    screens = ("proxy:params=6", f"table:{some}#value=4")
    repetitions = Repetitions(RaceConfig.of(**options, strategies=("evolution", "ppo"), screen=screens))
    repetitions.check()
    plain = ["evolution", *(f"evolution + {screen}" for screen in screens)]
    assert [each.label for each in repetitions.entrants][:3] == plain
    assert set(repetitions.identity()["screen"]) == set(screens)
    jobs = [job for job in repetitions.jobs() if job.name == plain[2] and job.seed == 1]
    best = max(search(screen=screens[1], trials=8, seed=1), key=lambda trial: trial.score or 0.0)
    assert [repetitions(job, lambda *_: None)["found"] for job in jobs] == [dict(best.proposed.genes)]


@pytest.mark.slow
def test_the_table_of_a_race(table: str, tmp_path: Path) -> None:
    options = {"space": SPACE, "evaluator": f"table:{table}", "seeds": 3, "trials": 6}
    config = RaceConfig.of(**options, strategies=("random", "ppo"), screen=("proxy:params=6",), run=str(tmp_path / "r"))
    found = run_race(config, ()).to_json()
    rows = {row["name"]: row["metrics"]["val_accuracy"]["mean"] for row in found["strategies"]}
    assert set(rows) == {"random", "random + proxy:params=6", "ppo", "ppo + proxy:params=6"}
    assert rows["random + proxy:params=6"] > rows["random"]


def test_a_race_has_no_images(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["race", "--trials", "5", "--screen", "proxy:naswot=8"]) == 2
    assert "proxy:naswot reads images, and a race has none" in capsys.readouterr().err
    assert main(["race", "--trials", "5", "--screen", "proxy:params=8,proxy:params=8"]) == 2
    assert "names 'proxy:params=8' twice" in capsys.readouterr().err
