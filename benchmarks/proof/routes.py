"""The searches that are compared, as command lines that a user would type, and what each of them returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nasbench.train.shared_recipes import SUPERNET


@dataclass(frozen=True)
class Scale:
    """How large the experiment is; the routes are the same.

    Attributes:
        dataset: real images for all, of `pixels` a side.
        budgets: children that a route has trained when it returns; each is as long as another, whatever the machine
            is busy with.
        returned: so many of the best children are trained anew: with one alone, luck would decide between routes.
        epochs: of these final trainings; in the search it is the recipe's 2 epochs of 2,048 images.
        seeds: of these final trainings.
        supernet_epochs: of shared weights. One of `fair` paths is 13 trainings of each image, and takes with the scores
            about as long as the children of the largest budget.
        scored: networks that shared weights score.
    """

    dataset: str
    pixels: int
    budgets: tuple[int, ...]
    returned: int
    epochs: int
    seeds: int
    supernet_epochs: int
    scored: int


SCALES = {
    "full": Scale("cifar10", 32, (60, 120, 240), 5, 10, 3, supernet_epochs=1, scored=500),
    "gpu": Scale("cifar10", 32, (120, 240, 480), 5, 30, 5, supernet_epochs=30, scored=1000),
    "tiny": Scale("digits", 8, (2, 3), 2, 1, 2, supernet_epochs=1, scored=3),
}
"""`gpu` has more children, longer final trainings and more seeds, and was not run. `tiny` says nothing about searches:
it shows that all commands run.
"""
RECIPE = ("--recipe", "quick")
SHARED = replace(SUPERNET, name="supernet_24k", train_images=24_576)
"""The recipe of shared weights, on as many images as make them and their scores cost about what 240 children cost. On
two cores they end hardly better than guessing, and rank cells little better (docs/experiments.md).
"""
CELLS, FILTERS = 1, 8
"""The size of every network of cells, which is that of the recipe's children."""

ROUTES: dict[str, tuple[str, ...]] = {
    "random": ("--strategy", "random"),
    "ppo": ("--strategy", "ppo", "--controller", "lstm"),
    "predictor": ("--strategy", "predictor"),
    "screened": ("--strategy", "ppo", "--controller", "lstm", "--screen", "proxy:params=8"),
}
"""Searches that train their children."""
SHARING = "sharing"
"""The search that trains shared weights instead."""
PUBLISHED = ("space:nasnet:nasnet-a", "space:nasnet:amoebanet-a", "space:nasnet:enas", "space:nasnet:darts-v2")
"""Published cells, at the same size."""
REGULARISED = ("--dropout", "0", "--drop-path", "0")
DESIGNED = {"resnet20": (), "plain20": (), "mobilenet_v2": REGULARISED, "shufflenet_v1_g3": ()}
"""Hand-designed networks, made as narrow as it takes to have no more multiply-adds than the largest returned cell; and
what is left out of the scaled network, as no other has it.
"""
LABELS = {
    "chance": "random cells, unselected",
    "random": "random search",
    "ppo": "PPO, its LSTM",
    "predictor": "predictor",
    "screened": "PPO behind --screen proxy:params=8",
    SHARING: "weight sharing, fair paths",
    "published": "published cells",
    "designed": "hand-designed, no more multiply-adds",
}


def search_command(name: str, scale: Scale) -> list[str]:
    """The search of a route, without where it lies. No trial is a random child of a control, since random search is a
    route of its own here.
    """
    common = ["search", "--space", "nasnet", "--dataset", scale.dataset, *RECIPE, "--control", "0", "--wandb", "off"]
    if name == SHARING:
        shared = ["--weight-sharing", "fair", "--supernet-epochs", str(scale.supernet_epochs)]
        shared += ["--supernet-recipe", "benchmarks.proof.routes:SHARED"]
        shared += ["--cells", str(CELLS), "--filters", str(FILTERS), "--recalibration-images", "512"]
        alone = ["--retrain-top", str(min(scale.returned, scale.scored)), "--check", str(min(8, scale.scored))]
        return [*common, *shared, "--strategy", "random", "--trials", str(scale.scored), *alone]
    return [*common, *ROUTES[name], "--trials", str(max(scale.budgets))]


def scale_command(base: str, macs: int, pixels: int, file: str) -> list[str]:
    """Writes a hand-designed network of so many multiply-adds, for images of that size; trained as all others are,
    without what its family adds against overfitting.
    """
    to = ["--target-macs", str(macs), "--dims", "width", "--classes", "10", "--image-size", str(pixels)]
    return ["scale", "--base", base, *to, *DESIGNED[base], "--out", file]


def final_command(models: Sequence[str], scale: Scale, of_cells: bool = False) -> list[str]:
    """The final training of networks, each from nothing. `of_cells`: published cells, which take the size of the
    others.
    """
    size = ["--cells", str(CELLS), "--filters", str(FILTERS)] if of_cells else []
    often = ["--epochs", str(scale.epochs), "--seeds", str(scale.seeds)]
    return ["compare", *models, *size, "--dataset", scale.dataset, *RECIPE, *often, "--wandb", "off"]


@dataclass(frozen=True)
class Child:
    """A child of a search, as its log has it. `score` is the validation accuracy in [0, 1], None for a failed one, or
    what shared weights score; `seconds` is what it took of one device.
    """

    number: int
    key: str
    score: float | None
    params: int
    macs: int
    seconds: float = 0.0


def returned(children: Sequence[Child], budget: int, count: int) -> list[Child]:
    """The best of the first `budget` children, the first of equal ones first, no network twice."""
    scored = [child for child in sorted(children, key=lambda child: child.number)[:budget] if child.score is not None]
    first = {child.key: child for child in reversed(scored)}
    return sorted(first.values(), key=lambda child: (-(child.score or 0.0), child.number))[:count]


def unselected(children: Sequence[Child], count: int) -> list[Child]:
    """The first random cells, whatever their scores: what a route has to beat."""
    return sorted(children, key=lambda child: child.number)[:count]
