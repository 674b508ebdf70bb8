"""Which panels a run of each command has. Whatever they name is logged by such a run: `nasbench.trackers.series` says
which series, `nasbench.engine.run.dashboard.shown` which tables and drawings.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nasbench.core.curves import groups_of
from nasbench.core.run_record import searches
from nasbench.trackers.dashboard import BEST_CELL, TRIALS, Dashboard, Panel, Section

Listed = Iterator[tuple[str, list[Panel]]]
CURVES = (
    ("val_accuracy", "Validation, top 1"),
    ("val_top5", "Validation, top 5"),
    ("val_loss", "Validation loss"),
    ("train_loss", "Training loss"),
    ("lr", "Learning rate"),
    ("images_per_second", "Images a second"),
)
BY_UPDATE = ("val_accuracy", "train_loss", "lr")
"""Of these, what is drawn by the optimiser's steps too."""


def dashboard_of(command: str, title: str, config: Mapping[str, Any]) -> Dashboard:
    """All that a run of that command can show; `Dashboard.of` has what one does show."""
    listed = {
        "race": _race,
        "fidelity": _fidelity,
        "compare": _compare,
        "supernet": _supernet,
        "scale": _scale if searches(command, config) else _train,
        "search": _search,
    }.get(command, _train)
    return Dashboard(title, command, tuple(Section(name, tuple(panels)) for name, panels in listed(config)))


def _search(config: Mapping[str, Any]) -> Listed:
    yield from _beats_chance()
    yield (
        "Score and cost",
        [
            Panel("scatter", "Score against parameters", ("score",), "params", "score_and_cost"),
            Panel("scatter", "Score against multiply-adds", ("score",), "macs", "score_and_cost"),
            Panel("scatter", "The Pareto front", ("score",), "macs", "pareto_front"),
            Panel("line", "Seconds a trial", ("seconds",)),
        ],
    )
    yield (
        "Controller",
        [
            Panel("line", "Entropy of what it proposes, nats", ("controller/entropy",)),
            Panel("line", "Loss of its last update", ("controller/loss",)),
            Panel("line", "Baseline of its reward", ("controller/baseline",)),
        ],
    )
    groups = dict.fromkeys(group.name for group in groups_of(config, ()))
    shares = [
        Panel("area", f"Options of {group}, among the last proposals", pattern=f"^share/{re.escape(group)}/.*$")
        for group in groups or ("op",)
    ]
    yield "Operations over time", shares
    yield (
        "Decisions and score",
        [
            Panel(
                "curves", "Score by the number of each operation", ("score",), "count", "score_by_operation", "option"
            ),
            Panel("scatter", "Score over the trials", ("score",), "number", "score_over_trials"),
            Panel("media", "Decisions of the trials, in parallel coordinates", ("decisions",)),
        ],
    )
    if config.get("wandb_trials"):
        yield "One run a trial", [Panel("parallel", "Decisions and score", _decisions(config))]
    yield "Children", _children()
    yield "Ranking check", _ranking()
    yield "Trials", _trials()


def _beats_chance() -> Listed:
    yield (
        "Does it beat chance?",
        [
            Panel("line", "Best so far, and what random children would have", ("best_so_far", "random_expected_best")),
            Panel(
                "curves", "Best so far beside the band of random", ("score",), "trials", "search_against_random", "line"
            ),
            Panel("line", "Score of each trial", ("score", "control_score")),
            Panel("line", "Trained again, or by itself", ("retrained_score",)),
        ],
    )


def _scale(_: Mapping[str, Any]) -> Listed:
    yield (
        "The surface alpha * beta**2 * gamma**2 = 2",
        [
            Panel("media", "Scores on the surface", ("surface",)),
            Panel("scatter", "Score against alpha (depth)", ("score",), "alpha", "surface_points"),
            Panel("scatter", "Score against beta (width)", ("score",), "beta", "surface_points"),
            Panel("scatter", "Score against gamma (resolution)", ("score",), "gamma", "surface_points"),
        ],
    )
    yield (
        "Coefficients",
        [
            Panel("table", "The coefficients, with 90 % intervals", table="coefficients"),
            Panel("bar", "The coefficients", ("value",), "coefficient", "coefficients"),
        ],
    )
    yield (
        "At equal multiply-adds",
        [
            Panel("bar", "Validation accuracy, mean over the seeds", ("mean",), "network", "equal_macs"),
            Panel("table", "Means with deviations", table="equal_macs"),
            Panel("media", "Front-runners, published coefficients, one dimension alone", ("comparison",)),
        ],
    )
    yield from _beats_chance()
    yield "Children", _children()
    yield from _curves()
    yield "Trials", _trials()[:-1]


def _train(_: Mapping[str, Any]) -> Listed:
    yield (
        "Results",
        [
            Panel("table", "Means over the seeds, with 95 % intervals", table="results"),
            Panel("bar", "Test accuracy, mean over the seeds", ("mean",), "model", "results"),
            Panel("line", "Test accuracy of each training", ("score",)),
            Panel("line", "Test, top 5", ("metrics/test_top5",)),
            Panel("line", "Seconds", ("seconds",)),
        ],
    )
    yield from _curves()
    yield "Trials", _trials()


def _compare(_: Mapping[str, Any]) -> Listed:
    yield (
        "Means with intervals",
        [
            Panel("table", "Test accuracy, mean with its 95 % interval", table="comparison"),
            Panel("bar", "Test accuracy, mean over the seeds", ("mean",), "model", "comparison"),
            Panel("scatter", "Test accuracy against multiply-adds", ("mean",), "macs", "comparison"),
            Panel("media", "With deviations, against multiply-adds", ("accuracy_against_macs",)),
            Panel("table", "Differences of the found models", table="contrasts"),
        ],
    )
    yield from _curves()
    yield "Trials", _trials()[:-1]


def _supernet(_: Mapping[str, Any]) -> Listed:
    yield from _curves("The training of the shared weights")
    yield "Ranking check", _ranking()
    yield (
        "Paths",
        [
            Panel("line", "Score of random paths with shared weights", ("inherited_score",)),
            Panel("line", "Trained by themselves", ("retrained_score",)),
        ],
    )
    yield "Trials", _trials()[:-1]


def _race(_: Mapping[str, Any]) -> Listed:
    yield (
        "Who wins",
        [
            Panel("curves", "Anytime curves, means over the seeds", ("mean",), "budget", "anytime", "strategy"),
            Panel("bar", "At the whole budget, mean over the seeds", ("mean",), "strategy", "standings"),
            Panel("table", "Standings", table="standings"),
            Panel("table", "Wins, with 95 % intervals", table="wins"),
        ],
    )
    yield "Repetitions", [Panel("line", "Score of each repetition", ("score",)), *_trials()[:-1]]


def _fidelity(_: Mapping[str, Any]) -> Listed:
    yield (
        "How far the cheap scores can be trusted",
        [
            Panel("bar", "Kendall's tau", ("tau",), "score", "fidelity"),
            Panel("scatter", "Tau against cost, seconds a network", ("tau",), "seconds", "fidelity"),
            Panel("table", "Measures with 95 % intervals", table="fidelity_measures"),
        ],
    )
    yield "Scores", [Panel("line", "Seconds a score", ("seconds",)), *_trials()[:-1]]


def _children() -> list[Panel]:
    return [
        Panel(
            "curves", "Validation accuracy of the best children", ("val_accuracy",), "epoch", "child_curves", "trial"
        ),
        Panel("line", "Validation accuracy, as epochs are reported", ("child/val_accuracy",), "child/reports"),
        Panel("line", "Training loss, as epochs are reported", ("child/train_loss",), "child/reports"),
    ]


def _ranking() -> list[Panel]:
    return [
        Panel("scatter", "Predicted against true", ("truth",), "predicted", "ranking_check"),
        Panel("bar", "Correlation of the ranks", ("value",), "measure", "ranking_correlations"),
        Panel("table", "Measures, with 95 % intervals and chance", table="ranking_measures"),
    ]


def _trials() -> list[Panel]:
    counts = tuple(f"count/{status}" for status in ("cached", "failed", "ok", "pruned"))
    return [
        Panel("line", "How they ended", counts),
        Panel("table", "All trials, the best with their drawings", table=TRIALS),
        Panel("media", "The best network", (BEST_CELL,)),
    ]


def _curves(heading: str = "Curves of the trainings") -> Listed:
    yield heading, [Panel("line", title, (), "epoch", pattern=_pattern(metric)) for metric, title in CURVES]
    titles = dict(CURVES)
    yield (
        f"{heading}, by update",
        [Panel("line", titles[metric], (), "updates", pattern=_pattern(metric)) for metric in BY_UPDATE],
    )


def _pattern(metric: str) -> str:
    return f"^.*/seed[0-9]+/{metric}$"


def _decisions(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The decisions of the configuration's space, the most common kind first; at most twelve."""
    groups: Sequence[Any] = groups_of(config, ())
    return tuple(dict.fromkeys(name for group in groups for name in group.decisions))[:12]
