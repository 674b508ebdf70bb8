"""ENAS (Pham et al. 2018, arXiv:1802.03268): a controller draws the paths, and learns in turns with the weights.

The controller is the strategy `reinforce`, with the settings of the released micro search: an LSTM of 64 units with
weights from uniform(-0.1, 0.1), Adam with a rate of 0.0035, beta1 = 0 and epsilon = 0.001, a moving average of the
rewards with a decay of 0.99 as the baseline, logits of 1.1 * tanh(u). One path is drawn for each batch of images. After
each epoch of the weights, the controller makes 30 updates, each on 10 architectures. The reward is the accuracy on one
batch of validation images, with the statistics of the batch, plus 0.0001 times the entropy of the decisions: the
entropy enters through the reward alone, as a number.

The released macro search has: steps=50, samples=20, lr=0.001, tanh_constant=1.5, reward_images=128. The paper has a
temperature of 5 and a tanh constant of 2.5.

What differs from the released code:
  - Decisions for inputs are softmaxes over options like all others, and not attention over earlier nodes; each decision
    has its own. So all logits have the tanh constant of 1.1, and those of operations are not reduced to 0.44.
  - Operations have no bias at the start: the released one prefers separable convolutions by +10 inside the tanh.
  - A skip connection is a decision between two options; its entropy is that of the softmax, and no penalty pulls the
    share of skips to 0.4.
  - The baseline starts at the first reward, and a reward is compared with the mean of those before it.
  - Paths run in canonical form: equal networks share their weights, and are scored as one.
  - In the released macro search, every drawn operation ran as max pooling, because of a late binding. Here each path
    runs its own operations.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import fmean
from typing import Any, ClassVar

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.protocols import SearchSpace, Strategy
from nasbench.core.registry import samplers, strategies
from nasbench.core.trial import Proposal, Trial
from nasbench.samplers.categorical import categorical
from nasbench.samplers.numbers import checked_number

PUBLISHED = {"adam": 1, "ranked": 0, "unique": 0, "imitation": 0.0, "anchors": 0}
"""What makes the strategy the published controller; its own entropy bonus, which has a gradient, is off."""


@samplers.register("enas")
class Enas:
    """One path a step. Options: `steps` updates a turn, `samples` architectures an update, `entropy_weight` (reward per
    nat), `reward_images` (images of the batch that an architecture is scored on), and the controller's lr,
    baseline_decay, hidden_units, beta1, epsilon, tanh_constant, temperature.
    """

    draws_canonical: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        seed: int = 0,
        steps: int = 30,
        samples: int = 10,
        entropy_weight: float = 1e-4,
        lr: float = 0.0035,
        baseline_decay: float = 0.99,
        hidden_units: int = 64,
        beta1: float = 0.0,
        epsilon: float = 1e-3,
        tanh_constant: float = 1.1,
        temperature: float = 1.0,
        reward_images: int = 160,
    ) -> None:
        self._space = space
        self._options = [decision.options for decision in categorical(space, "enas")]
        self._names = [decision.name for decision in space.choices]
        self._steps, self._samples = checked_number("steps", steps, "enas"), checked_number("samples", samples, "enas")
        self.reward_images = checked_number("reward_images", reward_images, "enas")
        if not isinstance(entropy_weight, int | float) or not 0 <= entropy_weight < float("inf"):
            raise UsageError(
                f"option 'entropy_weight' of the sampler 'enas' must be a number from 0 on; got {entropy_weight!r}. "
                "Default: 0.0001"
            )
        self._entropy_weight = entropy_weight
        settings = {
            **PUBLISHED,
            "batch_size": self._samples,
            "entropy_weight": 0.0,
            "lr": lr,
            "baseline_decay": baseline_decay,
            "hidden_units": hidden_units,
            "beta1": beta1,
            "epsilon": epsilon,
            "tanh_constant": tanh_constant,
            "temperature": temperature,
        }
        try:
            self._controller: Strategy = strategies.make("reinforce", space, options=settings, seed=seed)
        except UsageError as error:
            raise UsageError(f"the sampler 'enas' cannot make its controller: {error}") from error
        self._told: list[list[Any]] = []

    @property
    def policy(self) -> object:
        """The weights of the controller, which whoever keeps those of the supernet keeps beside them."""
        return getattr(self._controller, "policy", None)

    def paths(self, rng: Random) -> tuple[Architecture, ...]:
        """One canonical architecture, as the controller draws it now."""
        return (self._space.canonical(self._ask(rng).architecture),)

    def learn(self, score: Callable[[Architecture], float], rng: Random) -> Mapping[str, float]:
        """One turn of the controller. `controller_reward` is the mean accuracy of what it drew, `controller_entropy`
        the mean entropy of its decisions, in nats.
        """
        entropies, scores = [], []
        for _ in range(self._steps):
            drawn = [self._ask(rng) for _ in range(self._samples)]
            for proposal in drawn:
                entropies.append(float(proposal.note["entropy"]))
                scores.append(score(self._space.canonical(proposal.architecture)))
                reward = scores[-1] + self._entropy_weight * entropies[-1]
                genes = proposal.architecture.genes
                places = [options.index(genes[name]) for name, options in zip(self._names, self._options, strict=True)]
                self._tell([places, proposal.note["log_prob"], reward])
        return {"controller_reward": fmean(scores), "controller_entropy": fmean(entropies)}

    def told(self) -> list[Any]:
        """For each architecture: the places of its options, its log-probability when it was drawn, its reward."""
        return list(self._told)

    def restore(self, told: Sequence[Any]) -> None:
        """The controller learns all of it again, in order."""
        assert not self._told, "a new sampler is restored"
        for entry in told:
            self._tell(entry)

    def _ask(self, rng: Random) -> Proposal:
        return self._controller.ask(len(self._told) + 1, rng, ())

    def _tell(self, entry: list[Any]) -> None:
        places, log_prob, reward = entry
        chosen = zip(self._names, self._options, places, strict=True)
        architecture = Architecture(self._space.name, tuple((name, options[place]) for name, options, place in chosen))
        self._told.append(entry)
        self._controller.tell(
            Trial(
                number=len(self._told),
                architecture=architecture,
                key=architecture.key,
                status="ok",
                score=reward,
                metrics={},
                epochs=1,
                seconds=0.0,
                seed=0,
                worker="",
                started="",
                note={"log_prob": log_prob},
            )
        )
