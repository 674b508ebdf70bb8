"""Budgets of parameters, memory and latency: phi is solved for, and what is out of reach says the nearest."""

from pathlib import Path
from typing import Any

import pytest

from nasbench.cli import main
from nasbench.core.compound import PUBLISHED, Multipliers
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import ScaleConfig
from nasbench.engine.parts.scaled import Measure, compound_scale, solve_phi
from nasbench.engine.scaling.budgets import budget_of, measure_of
from nasbench.engine.scaling.command import run_scale
from nasbench.engine.scaling.request import check_request, check_search
from nasbench.evaluators import costs, quiet_rounds
from nasbench.evaluators import latency as latencies
from nasbench.evaluators.latency import Latency, interval, latency_of
from nasbench.evaluators.latency_by import LatencyBy

SMALL = ModelSpec("zoo", name="resnet20", size=Size(), task=Task(10, 32, 3))


def config(**values: Any) -> ScaleConfig:
    return ScaleConfig.of(base="resnet20", **values)


@pytest.mark.parametrize(
    ("budget", "amount"),
    [("target_params", "400k"), ("target_memory", "60M")],
)
def test_phi_is_the_largest_within_the_budget(budget: str, amount: str) -> None:
    asked = config(**{budget: amount})
    found = run_scale(asked, ())
    measure, most = measure_of(asked, budget), budget_of(asked)
    assert most is not None
    assert found.phi is not None
    value = measure.of(found.scaled)
    larger = measure.of(compound_scale(found.base, PUBLISHED.at(found.phi + 0.002)))
    assert value <= most.most < larger
    if budget == "target_memory":
        assert found.to_json()["costs"] == {"memory": value, "memory_of": "training", "memory_batch": 32}


def test_what_is_out_of_reach_says_the_least() -> None:
    with pytest.raises(UsageError, match=r"--target-params 12 is out of reach: the least, however little phi, is \d"):
        run_scale(config(target_params="12"), ())
    with pytest.raises(UsageError, match="--target-memory takes an amount of memory such as 6G"):
        run_scale(config(target_memory="6X"), ())
    with pytest.raises(UsageError, match="--target-latency takes a time such as 20ms"):
        run_scale(config(target_latency="soon"), ())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"target_params": "1M", "target_memory": "1G"}, "--target-params and --target-memory each say how far"),
        ({"target_latency": "1ms", "phi": 2.0}, "--phi and --target-latency each say how far"),
        ({"memory_batch": 8}, "--memory-batch is for what has a budget of memory: add --target-memory"),
        ({"latency_threads": 2, "target_memory": "1G"}, "--latency-threads is for what has a budget of latency"),
    ],
)
def test_flags_that_contradict_or_that_nothing_heeds(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_request(config(**values))


def test_a_search_for_coefficients_heeds_costs_of_its_budget_alone() -> None:
    with pytest.raises(UsageError, match="--memory-batch is for a budget: add --target-memory"):
        check_search(config(search=True, memory_batch=8))


def test_a_coarse_measure_is_asked_for_seldom() -> None:
    asked: list[float] = []

    def pixels(spec: ModelSpec) -> float:
        asked.append(spec.pixels)
        return float(spec.pixels)

    measure = Measure("--target-pixels", pixels, "{:g}".format, precision=0.1)
    phi = solve_phi(SMALL, lambda phi: Multipliers(resolution=1.15**phi), 64.0, measure)
    assert compound_scale(SMALL, Multipliers(resolution=1.15**phi)).pixels in (63, 64)
    assert len(asked) < 30


def test_the_interval_of_a_median_lies_around_it() -> None:
    assert interval([5.0] * 30) == (5.0, 5.0)
    low, high = interval([float(each) for each in range(1, 101)])
    assert (low, high) == (41.0, 61.0)


def test_a_latency_is_measured_once(any_round: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec = ModelSpec("zoo", name="lenet5", size=Size(), task=Task(10, 28, 1))
    first = latency_of(spec, LatencyBy())
    assert 0 < first.low <= first.median <= first.high <= first.slowest
    assert first.runs >= quiet_rounds.LEAST_RUNS
    assert (first.left_out, first.steady) == (0, True)
    file = tmp_path / "nasbench" / "latency.jsonl"
    with open(file, "a", encoding="utf-8") as torn:
        torn.write('{"key": "torn')
    assert latency_of(spec, LatencyBy()) == first
    other = latency_of(spec, LatencyBy(batch=2))
    assert other != first
    assert latency_of(spec, LatencyBy(batch=2)) == other
    assert len(file.read_text(encoding="utf-8").splitlines()) == 2


def test_a_latency_of_a_slower_machine_is_told_and_not_kept(
    any_round: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(quiet_rounds, "SLOWER", 0.0)
    monkeypatch.setattr(quiet_rounds, "PATIENCE", 0.0)
    assert main(["profile", "lenet5", "--latency"]) == 0
    assert "the machine was slower most of the time: measure again" in " ".join(capsys.readouterr().out.split())
    assert not latency_of(SMALL, LatencyBy()).steady
    assert not (tmp_path / "nasbench" / "latency.jsonl").exists()


@pytest.mark.parametrize("unsteady", [True, False])
def test_a_command_says_one_latency_of_a_network(
    unsteady: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also on a machine that is slower than it was, and where the cache cannot be written: `scale` solves for a budget
    by figures of which the last is what it prints.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path if unsteady else tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    medians = iter(range(1, 100))

    def measured(*_: Any) -> Latency:
        median = float(next(medians))
        return Latency(median, median, median, 30, 0, median, median, "processor", "a machine", 9, not unsteady)

    monkeypatch.setattr(latencies, "measured", measured)
    costs._tell_unsteady.cache_clear()
    first = latency_of(SMALL, LatencyBy())
    assert latency_of(SMALL, LatencyBy()) == first
    fresh = latency_of(SMALL, LatencyBy(), fresh=True)
    assert fresh.median == first.median + 1
    assert latency_of(SMALL, LatencyBy()) == fresh
    taken = costs.CostsBy(("latency",))
    assert [taken(SMALL), taken(SMALL)] == [{"latency": fresh.median}] * 2
    assert capsys.readouterr().err.count("the machine was slower most of the time") == (1 if unsteady else 0)


def test_scale_to_a_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latencies, "latency_of", lambda spec, _: _Found(spec.pixels / 10))
    found = run_scale(config(target_latency="6ms"), ())
    assert 59 <= found.scaled.pixels <= 60
    assert found.to_json()["costs"]["latency"]["median"] == found.scaled.pixels / 10


class _Found:
    """A latency that grows with the image."""

    steady = True

    def __init__(self, median: float) -> None:
        self.median = median

    def to_json(self) -> dict[str, float]:
        return {"median": self.median}
