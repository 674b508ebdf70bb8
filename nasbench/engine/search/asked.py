"""A search as it is asked for: checked, its preset told, the weights that it shares trained; then it runs."""

from collections.abc import Sequence

from nasbench.core.errors import UsageError
from nasbench.core.protocols import Tracker
from nasbench.engine.config import SearchConfig
from nasbench.engine.config.presets import told
from nasbench.engine.run.watch import print_note
from nasbench.engine.search.command import SearchResult, run_search


def search_as_asked(
    config: SearchConfig,
    argv: Sequence[str],
    trackers: Sequence[Tracker] | None = None,
    also: Sequence[Tracker] = (),
) -> SearchResult:
    """What `nasbench search` does: `run_search`, after the training of the weights that --weight-sharing shares.

    UsageError for bad input, before any work starts.
    """
    config.check()
    if config.dry_run:
        raise UsageError("a dry run is no search: call nasbench.dry_run(...) with the same keywords")
    directory = config.place.directory(_short(config.space), _short(config.strategy))
    if not config.place.resume:
        if (sets := told(config)) is not None:
            print_note(sets)
        if config.sharing.weight_sharing is not None:
            from nasbench.engine.search.weight_sharing import with_supernet

            config = with_supernet(config, directory, argv)
    return run_search(config, directory, argv, trackers, also)


def _short(name: str) -> str:
    """my_package.my_module:MySpace -> myspace, for the name of a directory."""
    return name.rpartition(":")[2].rpartition(".")[2].lower()
