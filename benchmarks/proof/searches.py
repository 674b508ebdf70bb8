"""What the children of searches say: whether a search learns, and whether the short recipe ranks. Trains nothing."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from routes import SHARING, Child
from scipy.stats import kendalltau, spearmanr
from verdicts import Returned, welch

BLOCK = 20
"""Children in a row whose mean is one observation: a controller's children resemble those just before."""
PART = 60
"""Children of one mean that is printed."""


def told(
    searches: Mapping[str, Sequence[Child]], rows: Sequence[Returned], finals: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """Lines about the searches whose children were trained, in percent of the validation images."""
    blocks = {}
    everywhere: list[Child] = []
    for name, found in searches.items():
        if name == SHARING:  # its scores are losses
            continue
        scores = _scores(found)
        parts = [f"{fmean(scores[first : first + PART]):.1f}" for first in range(0, len(scores), PART)]
        yield f"{name}: validation accuracy of each {PART} children {', '.join(parts)} %"
        blocks[name] = [fmean(scores[first : first + BLOCK]) for first in range(0, len(scores) - BLOCK + 1, BLOCK)]
        returned = {key for row in rows if row.route == name for key in row.cells}
        yield from _ranked(f"{name}, returned", [child for child in found if child.key in returned], finals)
        everywhere += found
    for name, means in blocks.items():
        if name != "random" and len(means) > 1 and len(blocks.get("random", ())) > 1:
            points, low, high = welch(means, blocks["random"])
            interval = f"95 % interval {low:+.1f} to {high:+.1f} over blocks of {BLOCK}"
            yield f"{name} minus random, all children: {points:+.1f} points, {interval}"
    yield from _ranked("all that were trained anew", everywhere, finals)


def _scores(found: Sequence[Child]) -> list[float]:
    ordered = sorted(found, key=lambda child: child.number)
    return [100 * child.score for child in ordered if child.score is not None]


def _ranked(name: str, found: Sequence[Child], finals: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Whether those that scored more have more after their final training."""
    pairs = {
        child.key: (child.score, fmean(finals[child.key].values()))
        for child in found
        if child.score is not None and child.key in finals
    }
    if len(pairs) > 2:
        rank, p = spearmanr(*zip(*pairs.values(), strict=True))
        yield f"{name}: rank correlation of score and final training {rank:+.2f} (p {p:.3f}, {len(pairs)} cells)"


def of_checks(pairs: Sequence[Sequence[float]]) -> Iterator[str]:
    """Whether shared weights rank as trainings by themselves do, in the search's own check: pairs of both scores."""
    if len(pairs) > 2:
        yield _agreement("the check of shared weights", pairs)


def of_both(searches: Mapping[str, Sequence[Child]]) -> Iterator[str]:
    """The same of the cells that random search trained and shared weights scored: under one seed both draw the same."""
    trained = {child.key: child.score for child in searches.get("random", ()) if child.score is not None}
    pairs = {
        child.key: (child.score, trained[child.key])
        for child in searches.get(SHARING, ())
        if child.score is not None and child.key in trained
    }
    if len(pairs) > 2:
        yield _agreement("shared weights, of random search's children", list(pairs.values()))
        best = sorted(pairs.values(), reverse=True)[: max(1, len(pairs) // 10)]
        means = [100 * fmean(score for _, score in some) for some in (best, pairs.values())]
        yield f"the tenth that shared weights score best: {means[0]:.1f} % by themselves, all {means[1]:.1f} %"


def _agreement(name: str, pairs: Sequence[Sequence[float]]) -> str:
    tau, p = kendalltau(*zip(*pairs, strict=True))
    return f"{name}: Kendall's tau with own trainings {tau:+.2f} (p {p:.3f}, {len(pairs)} cells)"
