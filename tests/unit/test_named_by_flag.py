"""A message about a name says the flag that the user gave it by."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.errors import UsageError
from nasbench.engine.config import FidelityConfig, SearchConfig
from nasbench.engine.config.record import Record
from nasbench.engine.config.supernet import SupernetConfig
from nasbench.engine.run.resume import check_same
from nasbench.engine.search.weight_sharing import FLAGS
from unit.supernet_runs import make_run


@pytest.mark.parametrize(
    ("kind", "given", "own"),
    [
        (SearchConfig, {"weight_sharing": "fiar"}, "Your own: --weight-sharing my_package"),
        (SupernetConfig, {"sampler": "fiar"}, "Your own: --sampler my_package"),
        (SearchConfig, {"weight_sharing": "no_module:A"}, "--weight-sharing takes a name"),
        (SearchConfig, {"weight_sharing": "fair", "supernet_recipe": "a"}, "Your own: --supernet-recipe my_package"),
        (SearchConfig, {"evaluator": "proxy:a"}, "Your own: --evaluator proxy:my_package"),
        (SearchConfig, {"screen": "proxy:a=4"}, "Your own: --screen proxy:my_package"),
        (SearchConfig, {"evaluator": "proxy:params", "truth": "table:a"}, "Your own: --truth table:FILE"),
        (FidelityConfig, {"truth": "table:a.csv"}, "file: --truth table:FILE"),
        (FidelityConfig, {"scores": ("proxy:a",)}, "Your own: --scores proxy:my_package"),
        (FidelityConfig, {"scores": ("no_module:A",)}, "--scores takes a name"),
    ],
)
def test_the_hint_names_the_flag_of_the_field(kind: type[Record], given: Mapping[str, object], own: str) -> None:
    with pytest.raises(UsageError) as found:
        kind.of(**given).check()
    assert own in str(found.value)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sampler": "uniform"}, "--weight-sharing uniform contradicts the run"),
        ({"epochs": 3}, "--supernet-epochs 3 contradicts the run"),
        ({"recipe": "quick"}, "--supernet-recipe quick contradicts the run"),
        ({"cells": 2}, "--cells 2 contradicts the run"),
    ],
)
def test_the_supernet_of_a_search_is_contradicted_by_the_flags_of_the_search(
    changed: Mapping[str, object], told: str, tmp_path: Path
) -> None:
    began = SupernetConfig.of(space="nasbench201", sampler="fair", run=str(tmp_path / "run"))
    run = {"command": "supernet", "config": began.recorded()}
    with pytest.raises(UsageError) as found:
        check_same(began.changed(**changed), run, "supernet", tmp_path, FLAGS)
    assert told in str(found.value)


def test_a_data_set_that_is_the_default_counts_where_it_is_given(tmp_path: Path) -> None:
    from nasbench.api.configured import configured
    from nasbench.engine.config import SearchConfig

    options = {"space": "nasbench201", "evaluator": f"supernet:{make_run(tmp_path / 'supernet')}"}
    assert configured(SearchConfig, options).completed().data.dataset == "digits"
    with pytest.raises(UsageError, match="was trained on 'digits'; got --dataset cifar10"):
        configured(SearchConfig, {**options, "dataset": "cifar10"}).check()


def test_a_strategy_of_a_race_is_named_by_its_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["race", "--strategies", "randm", "--trials", "9", "--run", str(tmp_path / "run")]) == 2
    assert "Your own: --strategies my_package" in capsys.readouterr().err
