"""Latencies from a table of blocks, and predicted by a model of measurements."""

from pathlib import Path
from random import Random

import pytest

from nasbench.core.arch import sample
from nasbench.core.errors import RunFailed, TrialFailed, UsageError
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.engine.config import SearchConfig
from nasbench.engine.parts.costing import costs_by, record_of_costs
from nasbench.evaluators.costs import CostsBy
from nasbench.evaluators.latency_model import features_of, fit_latency_model, read_latency_model
from nasbench.evaluators.latency_table import add_rows, read_latency_table
from nasbench.strategies.around.constrained import Limits

RESNET = ModelSpec("zoo", name="resnet20", size=Size(), task=Task(10, 32, 3))
PLAIN = ModelSpec("zoo", name="plain20", size=Size(), task=Task(10, 32, 3))
SPACE = spaces.get("nasbench201")()


def filled(path: Path, ms: str = "0.5") -> Path:
    """The table with this latency in each row."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *(row + ms for row in rows)]) + "\n", encoding="utf-8")
    return path


def drawn(rng: Random) -> ModelSpec:
    architecture = SPACE.canonical(sample("nasbench201", SPACE.choices, rng))
    return ModelSpec(
        "space:nasbench201", architecture=architecture, size=Size(1, 4, skeleton="cifar"), task=Task(10, 8, 3)
    )


def test_a_table_is_begun_filled_in_and_summed(tmp_path: Path) -> None:
    file = tmp_path / "phone.csv"
    assert add_rows(file, RESNET) == (7, 7)
    with pytest.raises(UsageError, match=r"line 2 of the table .* has no ms yet \(7 such rows in all\)"):
        read_latency_table(file)
    table = read_latency_table(filled(file))
    assert table(RESNET) == 0.5 * 11  # stem, nine blocks, classifier
    with pytest.raises(TrialFailed, match=r"lacks 2 of the network's blocks: conv3x3/2:32\+bn"):
        table(PLAIN)
    assert add_rows(file, PLAIN) == (2, 7)
    assert [row.split(",")[-1] for row in file.read_text(encoding="utf-8").splitlines()].count("0.5") == 7


def test_rows_of_smaller_blocks_are_summed_where_a_block_has_none(tmp_path: Path) -> None:
    file = tmp_path / "layers.csv"
    layers = ("conv3x3:16", "bn", "relu")
    rows = [f"{name},16x32x32,16x32x32,{ms}" for name, ms in zip(layers, (1.0, 0.25, 0.125), strict=True)]
    file.write_text("\n".join(["operation,input,output,ms", *rows]) + "\n", encoding="utf-8")
    table = read_latency_table(file)
    with pytest.raises(TrialFailed) as lacks:
        table(RESNET)
    assert "-> 16x32x32)" in str(lacks.value)  # the stem, which reads three channels
    assert "16x32x32 -> 16x32x32" not in str(lacks.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("operation,input,ms\n", "lacks the column 'output'"),
        ("operation,input,output,ms\nconv3x3:8,3x8x8,8x8x8,fast\n", "line 2 .*: ms is a number from 0 on; got 'fast'"),
        ("operation,input,output,ms\na,1,1,1\na,1,1,2\n", "line 3 .* has another ms for a .* than line 2"),
        ("operation,input,output,ms\n", "has no rows"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_latency_table(file)


def test_a_table_is_a_cost_and_its_content_part_of_the_identity(tmp_path: Path) -> None:
    file = tmp_path / "phone.csv"
    add_rows(file, RESNET)
    asked = SearchConfig.of(latency_table=str(filled(file)), objectives=("val_accuracy,latency",))
    costs = costs_by(asked.costs, ("latency",), None)
    assert costs(RESNET) == {"latency": 5.5}
    assert costs.identity() == {"latency_table": read_latency_table(file).digest}
    assert record_of_costs(costs, Limits())["costs"]["table"] == str(file)
    file.write_text(file.read_text(encoding="utf-8").replace("0.5", "0.6", 1), encoding="utf-8")
    assert costs_by(asked.costs, ("latency",), None).identity() != costs.identity()
    with pytest.raises(UsageError, match="--latency-on cannot go with --latency-table"):
        SearchConfig.of(latency_table="a.csv", latency_on="onnx").check()
    with pytest.raises(UsageError, match="--latency-samples is for --latency-model"):
        SearchConfig.of(latency_samples=20).check()


def test_a_model_ranks_what_it_has_not_seen_and_comes_back_from_the_record() -> None:
    def measure(spec: ModelSpec) -> float:
        found = features_of(spec, 1)
        return 0.1 + 2e-6 * found.get("conv 3x3: macs", 0) + 0.01 * found["calls"]

    model = fit_latency_model(drawn, measure, 20, 1, "this machine")
    assert model.measured == 20
    assert model.spearman > 0.95
    assert model.error < 0.05
    assert "rank correlation" in model.told
    unseen = [drawn(Random(seed)) for seed in range(100, 106)]
    assert all(model(spec) == pytest.approx(measure(spec), rel=0.1) for spec in unseen)
    costs = CostsBy(("latency",), model=model)
    assert costs(unseen[0]) == {"latency": model(unseen[0])}
    record = {"plan": record_of_costs(costs, Limits())}
    assert read_latency_model(record) == model
    with pytest.raises(UsageError, match="holds no model of latency"):
        read_latency_model({"plan": {"costs": {"model": {"weights": 3}}}})


def test_too_few_networks_make_no_model() -> None:
    with pytest.raises(RunFailed, match="needs 10 networks or more, and 1 could be measured"):
        fit_latency_model(lambda _: RESNET, lambda _: 1.0, 12, 1, "this machine")


@pytest.mark.slow  # writes the network as ONNX
def test_a_latency_is_measured_by_onnx_runtime(
    any_round: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nasbench.evaluators import latency
    from nasbench.evaluators.latency_by import LatencyBy

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = latency.latency_of(RESNET, LatencyBy(on="onnx"))
    assert 0 < found.low <= found.median <= found.high
    assert "ONNX Runtime" in found.machine
    assert latency.latency_of(RESNET, LatencyBy(on="onnx")) == found
