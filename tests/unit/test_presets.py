"""What --preset and --weight-sharing set of a search, and what is said of it before it starts."""

import pytest

from nasbench.api.configured import configured
from nasbench.core.options import parse_options
from nasbench.core.registry import samplers, spaces
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import PRESETS, defaults_of, sampler_options, told

MICRO = {"space": "enas-micro", "weight_sharing": "enas", "preset": "paper"}
MACRO = {**MICRO, "space": "enas-macro"}


def options_of(config: SearchConfig) -> dict[str, object]:
    return parse_options(sampler_options(config), "--sampler-options")


def test_the_published_preset_where_enas_trains_the_weights() -> None:
    micro, macro = configured(SearchConfig, MICRO), configured(SearchConfig, MACRO)
    assert (micro.sharing.supernet_recipe, micro.training.cells, micro.training.filters) == ("enas_micro", 2, 20)
    assert (macro.sharing.supernet_recipe, macro.training.cells, macro.training.filters) == ("enas_macro", None, 36)
    assert (micro.strategy, macro.strategy) == ("enas", "enas")
    assert (micro.trials, micro.retrain_top, micro.ranking.check) == (500, 5, 8), "what weight sharing sets stays"
    same = {"entropy_weight": 1e-4, "baseline_decay": 0.99, "hidden_units": 64, "beta1": 0.0, "epsilon": 1e-3}
    first = {"steps": 30, "samples": 10, "lr": 0.0035, "tanh_constant": 1.1, "reward_images": 160, "temperature": 1.0}
    assert options_of(micro) == {**first, **same}
    second = {"steps": 50, "samples": 20, "lr": 0.001, "tanh_constant": 1.5, "reward_images": 128, "temperature": 1.0}
    assert options_of(macro) == {**second, **same}
    for config in (micro, macro):
        config.check()
        samplers.make("enas", spaces.make(config.space), options=options_of(config))


def test_explicit_settings_win_one_by_one() -> None:
    mine = configured(SearchConfig, {**MACRO, "sampler_options": {"lr": 0.5}, "strategy": "evolution", "filters": 8})
    assert (mine.strategy, mine.training.filters, mine.sharing.supernet_recipe) == ("evolution", 8, "enas_macro")
    found = options_of(mine)
    assert (found["lr"], found["steps"], found["samples"]) == (0.5, 50, 20)
    said = told(mine)
    assert said is not None
    assert "--supernet-recipe enas_macro" in said
    assert all(word not in said for word in ("--strategy", "--filters", "lr=", "--cells"))


def test_what_a_preset_stands_for_is_said() -> None:
    assert told(configured(SearchConfig, MICRO)) == (
        "--preset paper stands for --strategy enas --recipe nasnet_proxy --supernet-recipe enas_micro --cells 2 "
        "--filters 20 --sampler-options steps=30 samples=10 lr=0.0035 tanh_constant=1.1 reward_images=160 "
        "entropy_weight=0.0001 baseline_decay=0.99 hidden_units=64 beta1=0.0 epsilon=0.001 temperature=1.0"
    )
    assert (
        told(configured(SearchConfig, {"preset": "quick"})) == "--preset quick stands for --strategy ppo --recipe quick"
    )
    assert told(configured(SearchConfig, {"preset": "quick", "strategy": "random", "recipe": "cifar_fast"})) is None
    assert told(configured(SearchConfig, {})) is None


@pytest.mark.parametrize("space", ["nasnet", "nasbench201", "enas-micro", "enas-macro"])
def test_elsewhere_the_published_preset_is_what_it_was(space: str) -> None:
    plain = SearchConfig.of(space=space, preset="paper")
    assert defaults_of(plain) == PRESETS["paper"]
    fair = defaults_of(plain.changed(weight_sharing="fair"))
    assert {name: value for name, value in fair.items() if name in PRESETS["paper"]} == PRESETS["paper"]
    assert options_of(configured(SearchConfig, {"space": space, "weight_sharing": "fair", "preset": "paper"})) == {}
    assert options_of(configured(SearchConfig, {"space": space, "preset": "paper"})) == {}


def test_after_enas_its_controller_searches_unless_another_strategy_is_named() -> None:
    shared = {"space": "nasbench201", "weight_sharing": "enas"}
    assert configured(SearchConfig, shared).strategy == "enas"
    assert configured(SearchConfig, {**shared, "strategy": "ppo"}).strategy == "ppo"
    assert configured(SearchConfig, {**shared, "weight_sharing": "fair"}).strategy == "ppo"
