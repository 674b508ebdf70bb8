"""What --preset and --weight-sharing set of a search; explicit flags win."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nasbench.core.options import written_options
from nasbench.core.registry import strategies
from nasbench.engine.config.cheap import OWN_DATA
from nasbench.engine.config.record import flag
from nasbench.engine.config.sharing import SHARING

if TYPE_CHECKING:
    from nasbench.engine.config.search import SearchConfig

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"strategy": "ppo", "recipe": "nasnet_proxy"},
    "quick": {"strategy": "ppo", "recipe": "quick"},
}
"""What --preset sets."""

PAPER_OF: dict[str, dict[str, Any]] = {
    "nasnet": {"trials": 20_000},
    "nas-rl": {
        "strategy": "reinforce",
        "recipe": "nas_rl",
        "trials": 12_800,
        "layers": 6,
        "grow_layers": 2,
        "grow_every": 1600,
        "reward": "max-last-5-cubed",
    },
}
"""Space -> what --preset paper sets besides, or instead, where its own search is published (Zoph et al. 2018, appendix
A.2; Zoph and Le 2017, section 4.1).
"""

PAPER_OPTIONS: dict[str, dict[str, Any]] = {"nas-rl": {"hidden_units": 35}}
"""Space -> the controller's options with it, where they differ from those of the strategy's `preset=paper`."""

CONTROLLED = ("ppo", "reinforce")
"""The built-in strategies that have these options, and whose controller can be chosen."""

ENAS: dict[str, dict[str, Any]] = {
    "enas-micro": {"strategy": "enas", "supernet_recipe": "enas_micro", "cells": 2, "filters": 20},
    "enas-macro": {"strategy": "enas", "supernet_recipe": "enas_macro", "filters": 36},
}
"""Space -> what --preset paper sets besides where ENAS trains the shared weights: its released settings."""

ENAS_CONTROLLER: dict[str, dict[str, Any]] = {
    "enas-micro": {"steps": 30, "samples": 10, "lr": 0.0035, "tanh_constant": 1.1, "reward_images": 160},
    "enas-macro": {"steps": 50, "samples": 20, "lr": 0.001, "tanh_constant": 1.5, "reward_images": 128},
}
"""Space -> the sampler's options with it, where the released searches differ."""

ENAS_EVERYWHERE: dict[str, Any] = {
    "entropy_weight": 1e-4,
    "baseline_decay": 0.99,
    "hidden_units": 64,
    "beta1": 0.0,
    "epsilon": 1e-3,
    "temperature": 1.0,
}
"""The sampler's options with it, in both spaces."""


def defaults_of(asked: "SearchConfig") -> dict[str, Any]:
    """What a preset, weight sharing and a supernet set of the search that is asked for."""
    preset, sharing = PRESETS.get(asked.preset or "", {}), asked.sharing.weight_sharing
    shared = {} if sharing is None else SHARING
    strategy = {"strategy": "enas"} if sharing == "enas" else {}
    released = ENAS.get(asked.space, {}) if asked.preset == "paper" and sharing == "enas" else {}
    published = _of_space(asked)
    own_data = {"dataset": OWN_DATA} if asked.evaluator.startswith("supernet:") else {}
    return {**shared, **strategy, **own_data, **preset, **published, **released}


def sampler_options(config: "SearchConfig") -> tuple[str, ...]:
    """The options of the sampler of a search with weight sharing: what the preset sets, with what is given instead."""
    given = {word.partition("=")[0]: word for word in config.sharing.sampler_options}
    released = _released_controller(config)
    return tuple({**_words(released), **given}.values())


def published_options(config: "SearchConfig") -> dict[str, Any]:
    """The controller's options of the space's published search, besides those of the strategy's `preset=paper`."""
    if config.preset != "paper" or config.strategy not in CONTROLLED or config.controller == "table":
        return {}
    return PAPER_OPTIONS.get(config.space, {})


def under_preset(config: "SearchConfig", given: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy's options under --preset. Explicit flags, the options `given` among them, win: so a table has none
    of the LSTM's published units.

    A run that began before there was --controller says nothing of one: it goes on with what it began with.
    """
    if config.preset != "paper":
        before = config.place.resume and config.controller is None and not {"preset", "controller"} & {*given}
        earlier = getattr(strategies.get(config.strategy), "begun_before", {}) if before else {}
        return {**earlier, **given} if takes_controller(config.strategy) else {**given}
    units = {"hidden_units": 0} if config.controller == "table" and takes_controller(config.strategy) else {}
    return {"preset": "paper", **units, **published_options(config), **given}


def takes_controller(strategy: str) -> bool:
    """Whether the strategy's controller can be chosen."""
    return strategy in CONTROLLED or "controller" in inspect.signature(strategies.get(strategy)).parameters


def told(config: "SearchConfig") -> str | None:
    """What the preset of a search stands for, without what explicit flags replaced; None where there is none."""
    if config.preset is None:
        return None
    defaults = defaults_of(config)
    own = {**PRESETS[config.preset], **_of_space(config), **ENAS.get(config.space, {})}
    flat = config.flat()
    words = [f"{flag(name)} {flat[name]}" for name in defaults if name in own and flat[name] == defaults[name]]
    given = set(config.sharing.sampler_options)
    options = [word for word in sampler_options(config) if word not in given]
    if options and config.sharing.weight_sharing is not None:
        words.append(f"--sampler-options {' '.join(options)}")
    if published := _published_options(config):
        words.append(f"--strategy-options {' '.join(published)}")
    return f"--preset {config.preset} stands for {' '.join(words)}" if words else None


def _of_space(config: "SearchConfig") -> dict[str, Any]:
    """What the published search of the space sets. A table knows networks of one depth, shared weights have numbers of
    their own, and the reward is one of trainings, where no other goal is given.
    """
    if config.preset != "paper" or config.sharing.weight_sharing is not None:
        return {}
    without = {"grow_layers", "grow_every"} if config.table_file is not None else set()
    if config.evaluator != "train" or config.goals.objectives or config.goals.target_macs is not None:
        without.add("reward")
    return {name: value for name, value in PAPER_OF.get(config.space, {}).items() if name not in without}


def _published_options(config: "SearchConfig") -> list[str]:
    """The strategy's options that the preset sets, written out, without those that are given."""
    if config.preset != "paper" or not config.strategy.isidentifier():
        return []
    published = {**getattr(strategies.get(config.strategy), "paper", {}), **published_options(config)}
    if config.controller == "table":
        published.pop("hidden_units", None)
    given = {word.partition("=")[0].strip() for word in config.strategy_options}
    return [word for name, word in _words(published).items() if name not in given]


def _released_controller(config: "SearchConfig") -> Mapping[str, Any]:
    if config.preset != "paper" or config.sharing.weight_sharing != "enas" or config.space not in ENAS_CONTROLLER:
        return {}
    return {**ENAS_CONTROLLER[config.space], **ENAS_EVERYWHERE}


def _words(options: Mapping[str, Any]) -> dict[str, str]:
    """Name -> NAME=VALUE."""
    return {word.partition("=")[0]: word for word in written_options(options, "--sampler-options")}
