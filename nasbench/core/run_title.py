"""What a run is called, on the terminal and on its page: what it searches or trains, how, and on which data."""

from collections.abc import Mapping
from typing import Any


def run_title(config: Mapping[str, Any]) -> str:
    """'nasnet · ppo · cifar10'; for a supernet 'nasnet · fair · cifar10'. A table or an evaluator stands for
    the data set. A screen is told with the strategy: 'ppo + proxy:synflow=8'.
    """
    evaluator = str(config.get("evaluator") or "train")
    searches = config.get("search", True)  # trainings follow no strategy
    names = [
        "space",
        "base",
        *(["strategy", "sampler"] if searches else []),
        "dataset" if evaluator == "train" else "evaluator",
    ]
    screen = config.get("screen")
    told = [
        f"{config[name]} + {screen}" if name == "strategy" and isinstance(screen, str) else str(config[name])
        for name in names
        if config.get(name)
    ]
    return " · ".join(told) or "run"
