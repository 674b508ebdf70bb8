"""What --preset and --weight-sharing set of a search; explicit flags win."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nasbench.core.options import written_options
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
    own_data = {"dataset": OWN_DATA} if asked.evaluator.startswith("supernet:") else {}
    return {**shared, **strategy, **own_data, **preset, **released}


def sampler_options(config: "SearchConfig") -> tuple[str, ...]:
    """The options of the sampler of a search with weight sharing: what the preset sets, with what is given instead."""
    given = {word.partition("=")[0]: word for word in config.sharing.sampler_options}
    return tuple({**_words(_released_controller(config)), **given}.values())


def told(config: "SearchConfig") -> str | None:
    """What the preset of a search stands for, without what explicit flags replaced; None where there is none."""
    if config.preset is None:
        return None
    defaults = defaults_of(config)
    own = {**PRESETS[config.preset], **ENAS.get(config.space, {})}
    flat = config.flat()
    words = [f"{flag(name)} {flat[name]}" for name in defaults if name in own and flat[name] == defaults[name]]
    given = set(config.sharing.sampler_options)
    options = [word for word in sampler_options(config) if word not in given]
    if options and config.sharing.weight_sharing is not None:
        words.append(f"--sampler-options {' '.join(options)}")
    return f"--preset {config.preset} stands for {' '.join(words)}" if words else None


def _released_controller(config: "SearchConfig") -> Mapping[str, Any]:
    if config.preset != "paper" or config.sharing.weight_sharing != "enas" or config.space not in ENAS_CONTROLLER:
        return {}
    return {**ENAS_CONTROLLER[config.space], **ENAS_EVERYWHERE}


def _words(options: Mapping[str, Any]) -> dict[str, str]:
    """Name -> NAME=VALUE."""
    return {word.partition("=")[0]: word for word in written_options(options, "--sampler-options")}
