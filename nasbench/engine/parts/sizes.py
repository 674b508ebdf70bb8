"""The size of the networks of a space, and the epochs of the children of a search, as flags and a recipe give them."""

from nasbench.core.protocols import SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Size, child_size
from nasbench.core.supernet_run import SupernetRun
from nasbench.engine.config import SearchConfig, Training


def network_size(space: SearchSpace, training: Training, image_size: int | None, recipe: Recipe | None) -> Size:
    """The space's default size with what the flags give, or else, for networks of cells, the recipe. A space whose
    decisions are about every layer (`layerwise`) takes no N from a recipe. `recipe` None: nothing is trained.

    UsageError for --cells or --filters where there are none.
    """
    of_cells = recipe if space.default_size.skeleton else None
    cells = None if of_cells is None or getattr(space, "layerwise", False) else of_cells.cells
    filters = None if of_cells is None else of_cells.filters
    return child_size(space.default_size, image_size, training.cells or cells, training.filters or filters)


def size_of_children(config: SearchConfig, space: SearchSpace, recipe: Recipe, supernet: SupernetRun | None) -> Size:
    """The size of what a search proposes: of a supernet, its own. UsageError as of `network_size`."""
    trains = config.evaluator == "train"
    size = network_size(space, config.training, config.data.image_size, recipe if trains else None)
    return size if supernet is None else supernet.size


def epochs_of_children(config: SearchConfig, recipe: Recipe) -> int:
    """The epochs of one evaluation: none by a cheap score, and 1 unless told where the evaluator is not `train`."""
    if config.evaluator == "train":
        return recipe.epochs
    return 0 if config.cheap else config.training.epochs or 1
