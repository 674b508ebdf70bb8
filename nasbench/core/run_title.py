"""What a run is called, on the terminal and on its page: what it searches or trains, how, and on which data."""

from collections.abc import Mapping
from typing import Any


def run_title(config: Mapping[str, Any]) -> str:
    """'nasnet · ppo · cifar10'; for a supernet 'nasnet · fair · cifar10'. A table or an evaluator stands for
    the data set.
    """
    evaluator = str(config.get("evaluator") or "train")
    searches = config.get("search", True)  # trainings follow no strategy
    names = [
        "space",
        "base",
        *(["strategy", "sampler"] if searches else []),
        "dataset" if evaluator == "train" else "evaluator",
    ]
    return " · ".join(str(config[name]) for name in names if config.get(name)) or "run"
