"""The first part of a search with weight sharing: a supernet is trained, as a run beside the search's own directory.

It is a run like any other (checkpoints, curves, a report). If it was interrupted, the same command goes on with it; if
it has ended, the search begins.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nasbench.core.errors import UsageError
from nasbench.core.recipe import recipe_named
from nasbench.core.store import RUN_FILE
from nasbench.engine.config import Place, SearchConfig, SupernetConfig, Training
from nasbench.engine.config.presets import sampler_options
from nasbench.engine.config.sharing import supernet_directory
from nasbench.engine.config.supernet import SupernetCheck, space_with_supernet
from nasbench.engine.parts.sizes import network_size
from nasbench.engine.run.opening import PartOf
from nasbench.engine.search.supernet.command import train_supernet

FLAGS = {"sampler": "--weight-sharing", "recipe": "--supernet-recipe", "epochs": "--supernet-epochs"}
"""Field of the supernet's configuration -> the flag of the search, where it is another."""


def with_supernet(config: SearchConfig, directory: Path, argv: Sequence[str]) -> SearchConfig:
    """The search with the weights that it shares, trained if they are not there yet; checked with them.

    UsageError for bad input, RunFailed where the training failed, Interrupted with the command that goes on.
    """
    if config.evaluator != "train":
        raise UsageError(
            f"--weight-sharing {config.sharing.weight_sharing} trains the weights that score; got --evaluator "
            f"{config.evaluator}. Leave one of the two out."
        )
    part_of = PartOf(_same_command(argv, directory), FLAGS)
    training = _supernet_config(config, directory)
    found = train_supernet(training, argv, part_of)
    if found is None:
        raise UsageError(
            "a search with --weight-sharing is no command for torchrun. Train the supernet with torchrun and nasbench "
            "supernet, and search with --evaluator supernet:RUN."
        )
    sharing = replace(config, evaluator=f"supernet:{found.run}")
    sharing.check()
    return sharing


def _supernet_config(config: SearchConfig, directory: Path) -> SupernetConfig:
    """Networks have the size that the children of the search would have under its recipe."""
    sharing, data, place = config.sharing, config.data, supernet_directory(directory)
    space = space_with_supernet(config.space)
    size = network_size(space, config.training, data.image_size, recipe_named(config.training.recipe, None))
    cells, filters = (int(size.depth), int(size.width)) if size.skeleton else (None, None)
    return SupernetConfig(
        space=config.space,
        sampler=sharing.weight_sharing or "",
        sampler_options=sampler_options(config),
        share=sharing.share,
        seed=config.seed,
        ranking=SupernetCheck(check=0),  # the search checks the scores where it has used them
        data=data,
        training=Training(sharing.supernet_recipe, sharing.supernet_epochs, cells, filters),
        workers=config.workers,
        tracking=config.tracking,
        place=Place(run=str(place), resume=(place / RUN_FILE).exists(), storage=config.place.storage),
        trusts=config.trusts,
    )


def _same_command(argv: Sequence[str], directory: Path) -> str:
    """The command that goes on, also where the run directory was not named."""
    named = any(word.partition("=")[0] == "--run" for word in argv)
    return shlex.join([*argv, *([] if named else ["--run", str(directory)])])
