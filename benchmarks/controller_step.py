"""What a step of a controller costs: an ask and a tell, of the table of logits and of the LSTM, in turn in one process.

Scores are made up, so that nothing else is measured. Searches of 100 trials are run again and again, and the median
over the trials of a search is taken, then the smallest over the searches: on a machine that others use, the least
disturbed one says most. A ratio is of two numbers from one run of the script.

    python benchmarks/controller_step.py [--spaces nasbench201,nasnet] [--searches 5] [--units 35]
"""

import argparse
import sys
from collections.abc import Sequence
from statistics import median
from time import process_time

from nasbench.core.registry import spaces, strategies
from nasbench.core.seeds import trial_rng
from nasbench.core.trial import Trial
from nasbench.testing import additive_score

NUM_TRIALS = 100


def seconds_a_step(space_name: str, strategy_name: str, controller: str, seed: int, **options: object) -> float:
    """The median over the trials of one search."""
    space = spaces.get(space_name)()
    strategy = strategies.get(strategy_name)(space, seed=seed, controller=controller, **options)
    spent = []
    for number in range(1, NUM_TRIALS + 1):
        rng = trial_rng(seed, number)
        start = process_time()
        proposal = strategy.ask(number, rng, ())
        asked = process_time() - start
        architecture = proposal.architecture
        key, score = space.canonical(architecture).key, additive_score(architecture)
        trial = Trial(number, architecture, key, "ok", score, {}, 1, 0.0, seed, "", "", proposal.note)
        start = process_time()
        strategy.tell(trial)
        spent.append(asked + process_time() - start)
    return median(spent)


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spaces", default="nasbench201,nasnet")
    parser.add_argument("--searches", type=int, default=5)
    parser.add_argument("--units", type=int, default=35)
    arguments = parser.parse_args(argv)
    for space in arguments.spaces.split(","):
        for strategy in ("ppo", "reinforce"):
            table, lstm = (
                min(seconds_a_step(space, strategy, controller, seed, **more) for seed in range(arguments.searches))
                for controller, more in (("table", {}), ("lstm", {"hidden_units": arguments.units}))
            )
            print(
                f"{space}, {strategy}: table {1000 * table:.2f} ms, LSTM of {arguments.units} units "
                f"{1000 * lstm:.2f} ms, {lstm / table:.1f} times as much",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
