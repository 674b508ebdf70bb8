"""A pruner of one's own: stops a training that has not improved for two epochs.

    nasbench search --pruner examples.patience_pruner:Patience --space examples.toy_space:ToySpace --strategy random \
        --dataset digits --recipe quick --epochs 8 --trials 3 --wandb off

A pruner answers from the reports that it heard, in their order. It hears all of them again when a run is resumed, so it
keeps no generator and looks at no clock.
"""

from nasbench.core.registry import pruners


@pruners.register("patience")
class Patience:
    """Stops a training whose best score is `epochs` epochs old."""

    def __init__(self, epochs: int = 2) -> None:
        self._epochs = epochs
        self._best: dict[int, tuple[float, int]] = {}  # number of the trial -> (best score, after so many epochs)

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        """True where the trial should stop. Its score so far is logged, with the status 'pruned'."""
        best, reached = self._best.get(number, (score, epochs))
        if score > best or reached > epochs:  # a training that was interrupted begins again at its first epoch
            best, reached = score, epochs
        self._best[number] = (best, reached)
        return epochs - reached >= self._epochs
