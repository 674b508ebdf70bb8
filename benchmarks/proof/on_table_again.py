"""Trainings under more seeds of the cells that the routes on the table return: what judges them."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import own_table
from on_table_judge import Groups, Values, shares
from on_table_routes import BUDGET, PIXELS
from own_table import card, draw, train, write
from trained_cells import Trained

OFTEN = 0.02
"""Cells that some route returns in no smaller share of its searches are trained again."""
FIRST_SEED, SEEDS = 2, 3
"""The table has the seeds before."""


def again(
    routes: Mapping[str, Groups], cells: Mapping[Values, Trained], runs: Path, data: str | None, workers: str, out: Path
) -> None:
    """Trains them, and writes a table in the format of the table's own. `cells` are those of the table, by what a race
    tells of them.
    """
    given = as_the_table(runs, data, workers)
    often = [dict(cells[each].genes) for each in returned_often(routes)]
    trained = train([cell for cell in draw(given) if dict(cell.genes) in often], given)
    selection = f"the cells that some route returns in {OFTEN:.0%} of its searches or more"
    write([each.row() for each in trained], out, {**card(given, trained), "selection": selection})


def returned_often(routes: Mapping[str, Groups]) -> list[Values]:
    """Cells that some route returns at the end of its seconds in a share of OFTEN of its searches or more."""
    found: dict[Values, float] = {}
    for groups in routes.values():
        for cell, share in shares(groups, BUDGET).items():
            found[cell] = max(found.get(cell, 0.0), share)
    return [cell for cell, share in found.items() if share >= OFTEN]


def as_the_table(runs: Path, data: str | None, workers: str) -> argparse.Namespace:
    """How the table's own trainings were asked for, but for the seeds."""
    size = ["--cells", "1000", "--image-size", str(PIXELS), "--workers", workers, "--runs", str(runs)]
    under = ["--first-seed", str(FIRST_SEED), "--seeds", str(SEEDS)]
    return own_table.parser().parse_args([*size, *under, *(["--data-dir", data] if data else [])])
