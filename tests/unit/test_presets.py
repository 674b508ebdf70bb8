"""What --preset and --weight-sharing set of a search, and what is said of it before it starts."""

import pytest

from nasbench.api.configured import configured
from nasbench.core.options import parse_options
from nasbench.core.registry import recipes, samplers, spaces, strategies
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import PRESETS, defaults_of, published_options, sampler_options, told
from nasbench.strategies.controller.anchor_policy import AnchorPolicy
from nasbench.train.schedules import make_schedule
from search_spaces.nas_rl.space import NasRlSpace

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


@pytest.mark.parametrize("space", ["mbconv", "nasbench201", "enas-micro", "enas-macro"])
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


def test_the_published_preset_is_the_published_search() -> None:
    nasnet = configured(SearchConfig, {"preset": "paper"})
    assert (nasnet.strategy, nasnet.training.recipe, nasnet.trials) == ("ppo", "nasnet_proxy", 20_000)
    first = configured(SearchConfig, {"preset": "paper", "space": "nas-rl"})
    assert (first.strategy, first.training.recipe, first.trials) == ("reinforce", "nas_rl", 12_800)
    growth = first.deepening.schedule(first.form.made("nas-rl"))
    assert growth is not None
    assert [growth.layers(place) for place in (1, 1600, 1601, 12_800)] == [6, 6, 8, 20]
    options = {"preset": "paper", **published_options(first)}
    controller = strategies.make("reinforce", NasRlSpace(2), options=options)
    assert isinstance(controller.policy, AnchorPolicy)
    assert controller.policy.words == "an LSTM of two layers of 35 units with anchor points"
    assert told(nasnet) == (
        "--preset paper stands for --strategy ppo --recipe nasnet_proxy --trials 20000 --strategy-options "
        "hidden_units=100 adam=1 ranked=0 unique=0 imitation=0.0 lr=0.00035 batch_size=20 entropy_weight=1e-05 "
        "epochs=3 clip=0.2"
    )
    assert told(first) == (
        "--preset paper stands for --strategy reinforce --recipe nas_rl --trials 12800 --layers 6 --grow-layers 2 "
        "--grow-every 1600 --reward max-last-5-cubed --strategy-options hidden_units=35 adam=1 ranked=0 unique=0 "
        "imitation=0.0 lr=0.0006 batch_size=8 entropy_weight=0.0"
    )


def test_flags_win_over_the_published_search_one_by_one() -> None:
    mine = configured(
        SearchConfig,
        {"preset": "paper", "space": "nas-rl", "trials": 50, "grow_layers": 0, "strategy_options": {"lr": 0.01}},
    )
    assert (mine.trials, mine.strategy, mine.deepening.schedule(mine.form.made("nas-rl"))) == (50, "reinforce", None)
    said = told(mine)
    assert said is not None
    assert all(word not in said for word in ("--trials", "--grow-layers", " lr="))
    other = configured(SearchConfig, {"preset": "paper", "space": "nas-rl", "strategy": "evolution"})
    assert published_options(other) == {}
    table = configured(SearchConfig, {"preset": "paper", "space": "nas-rl", "controller": "table"})
    assert published_options(table) == {}
    assert "hidden_units" not in str(told(table))
    on_table = configured(SearchConfig, {"preset": "paper", "space": "nas-rl", "evaluator": "table:x.csv"})
    assert (on_table.deepening.grow_layers, on_table.goals.reward, on_table.trials) == (None, None, 12_800)
    aimed = configured(SearchConfig, {"preset": "paper", "space": "nas-rl", "target_macs": "400M"})
    assert "max-last-5-cubed" in str(told(configured(SearchConfig, {"preset": "paper", "space": "nas-rl"})))
    assert "--reward" not in str(told(aimed)), "another goal was given"
    shared = told(configured(SearchConfig, {"preset": "paper", "weight_sharing": "fair"}))
    assert shared is not None
    assert "--trials" not in shared, "shared weights set it"


def test_the_published_settings_of_the_children() -> None:
    recipe = recipes.get("nas_rl")
    assert (recipe.epochs, recipe.lr_peak, recipe.momentum, recipe.nesterov) == (50, 0.1, 0.9, True)
    assert (recipe.weight_decay, recipe.flip, recipe.upsample_crop, recipe.pad_crop) == (1e-4, True, 4, 0)
    rate = make_schedule(recipe)
    assert [rate(epoch, 1, 50) for epoch in (0, 24, 26, 37, 39, 49)] == pytest.approx(
        [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3]
    )
