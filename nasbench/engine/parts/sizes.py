"""The size of the networks of a space, as flags and a recipe give it."""

from nasbench.core.protocols import SearchSpace
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Size, child_size
from nasbench.engine.config import Training


def network_size(space: SearchSpace, training: Training, image_size: int | None, recipe: Recipe | None) -> Size:
    """The space's default size with what the flags give, or else, for networks of cells, the recipe. A space whose
    decisions are about every layer (`layerwise`) takes no N from a recipe. `recipe` None: nothing is trained.

    UsageError for --cells or --filters where there are none.
    """
    of_cells = recipe if space.default_size.skeleton else None
    cells = None if of_cells is None or getattr(space, "layerwise", False) else of_cells.cells
    filters = None if of_cells is None else of_cells.filters
    return child_size(space.default_size, image_size, training.cells or cells, training.filters or filters)
