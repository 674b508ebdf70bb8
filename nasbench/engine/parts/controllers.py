"""`--controller`: which controller proposes, looked up in the strategy and said before a search starts."""

from dataclasses import dataclass
from typing import Any

from nasbench.core.errors import UsageError
from nasbench.core.options import parse_options
from nasbench.core.protocols import HasController, Strategy
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import CONTROLLED, takes_controller, under_preset

KINDS = ("lstm", "table")


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
    given = parse_options(config.strategy_options, "--strategy-options")
    asked, named = config.controller, given.get("controller")
    if asked is None:
        return {}, under_preset(config, given)
    if not takes_controller(config.strategy):
        raise UsageError(
            f"--controller is for strategies whose controller can be chosen ({', '.join(CONTROLLED)}); got --strategy "
            f"{config.strategy}. Leave one of the two out."
        )
    if named not in (None, asked):
        raise UsageError(f"--controller {asked} contradicts --strategy-options controller={named}. Leave one out.")
    return {"controller": asked}, under_preset(config, {name: given[name] for name in given if name != "controller"})


def controller_in_use(strategy: str, made: Strategy) -> ControllerInUse | None:
    """The controller of a strategy, by its name and as it was made; None where it has none."""
    if not isinstance(made, HasController):
        return None
    found = made.sampled_from
    chosen = takes_controller(strategy) and found["kind"] in KINDS
    return ControllerInUse(str(found["kind"]), str(found["words"]), strategy, chosen)
