"""The cells of a network in their order: N normal cells a stack, a reduction before the second and the third."""


def cell_plan(num_cells: int, filters: int, imagenet: bool) -> list[tuple[bool, int]]:
    """(whether it reduces, its filters) of each cell. On the ImageNet skeleton two reductions come first."""
    plan = [(True, filters // 4), (True, filters // 2)] if imagenet else []
    plan += [(False, filters)] * num_cells
    for width in (2 * filters, 4 * filters):
        plan += [(True, width)] + [(False, width)] * num_cells
    return plan
