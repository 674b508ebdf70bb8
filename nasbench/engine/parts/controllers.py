"""`--controller`: which controller proposes, looked up in the strategy and said before a search starts."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.options import parse_options
from nasbench.core.protocols import HasController, Strategy
from nasbench.core.registry import strategies
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import published_options


@dataclass(frozen=True)
class ControllerInUse:
    """The controller of a search's strategy: `kind` as --controller names it, and what it is in words."""

    kind: str
    words: str
    strategy: str
    chosen: bool
    """Whether the flag could have named another."""

    @property
    def told(self) -> str:
        """The line before a search starts."""
        flag = f" (--controller {self.kind})" if self.chosen else ""
        return f"the controller of {self.strategy} is {self.words}{flag}"

    def record(self) -> dict[str, str]:
        """What run.json says of it."""
        return {"kind": self.kind, "words": self.words}


def strategy_options(config: SearchConfig) -> tuple[dict[str, str], dict[str, Any]]:
    """(what --controller offers to the strategy, the strategy's options). UsageError for a strategy that takes no
    controller, and where its options name another one.
    """
    options = {**published_options(config), **parse_options(config.strategy_options, "--strategy-options")}
    asked, named = config.controller, options.get("controller")
    if asked is None:
        return {}, _under_preset(config, options)
    if not _takes_one(config.strategy):
        raise UsageError(
            f"--controller is for strategies whose controller can be chosen ({', '.join(CHOOSING)}); got --strategy "
            f"{config.strategy}. Leave one of the two out."
        )
    if named not in (None, asked):
        raise UsageError(f"--controller {asked} contradicts --strategy-options controller={named}. Leave one out.")
    given = {name: value for name, value in options.items() if name != "controller"}
    return {"controller": asked}, _under_preset(config, given)


def _under_preset(config: SearchConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy's options under --preset. Explicit flags win, so a table has none of the LSTM's published units.

    A run that began before there was --controller says nothing of one: it goes on with what it began with.
    """
    if config.preset != "paper":
        before = config.place.resume and config.controller is None and not {"preset", "controller"} & {*given}
        earlier = getattr(strategies.get(config.strategy), "begun_before", {}) if before else {}
        return {**earlier, **given} if _takes_one(config.strategy) else {**given}
    units = {"hidden_units": 0} if config.controller == "table" and _takes_one(config.strategy) else {}
    return {"preset": "paper", **units, **given}


def controller_in_use(strategy: str, made: Strategy) -> ControllerInUse | None:
    """The controller of a strategy, by its name and as it was made; None where it has none."""
    if not isinstance(made, HasController):
        return None
    found = made.sampled_from
    chosen = _takes_one(strategy) and found["kind"] in KINDS
    return ControllerInUse(str(found["kind"]), str(found["words"]), strategy, chosen)


KINDS = ("lstm", "table")
CHOOSING = ("ppo", "reinforce")
"""The built-in strategies whose controller can be chosen."""


def _takes_one(strategy: str) -> bool:
    part = strategies.get(strategy)
    return strategy in CHOOSING or "controller" in inspect.signature(part).parameters
