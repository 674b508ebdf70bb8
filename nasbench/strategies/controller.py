"""What the learned controllers share: an LSTM policy asked for architectures, and a batch of answers that changes it.

A scored trial (ok, cached, or pruned with the score it reached) joins the batch with the log-probability in its own note: that of
the policy that proposed it, which with several workers may be older than the current one. Not counted:
  - failed trials: they have no reward, and any number put in its place would outweigh the small differences between good networks;
  - trials without such a note (a random control, another strategy's): nobody knows how likely they were, so no correction exists.
The advantage of a trial is its score less the moving average of the scores told before it. When the batch is full, the policy learns.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random

import torch
from torch import Tensor

from nasbench.core.protocols import SearchSpace
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.adam import Adam
from nasbench.strategies.policy import LstmPolicy, one_thread


@dataclass(frozen=True)
class Sample:
    """A scored architecture: its indices, its log-probability when it was proposed, its score above the baseline."""

    indices: tuple[int, ...]
    log_prob: float
    advantage: float


class Controller(ABC):
    """Everything it knows follows from `seed`, the settings and the trials told, in their order: replay restores it bit for bit.

    `settings`: lr, batch_size (trials), baseline_decay, entropy_weight (reward a nat); `epochs`: steps on each batch.
    """

    def __init__(self, space: SearchSpace, seed: int, settings: Mapping[str, float], epochs: int) -> None:
        self._space_name = space.name
        self.policy = LstmPolicy(space.choices, seed)
        self._optimizer = Adam(self.policy.parameters(), lr=settings["lr"])
        self._batch_size, self._epochs = int(settings["batch_size"]), epochs
        self._baseline_decay, self._entropy_weight = settings["baseline_decay"], settings["entropy_weight"]
        self._batch: list[Sample] = []
        self.baseline: float | None = None
        self.updates = 0
        self.loss: float | None = None

    @abstractmethod
    def surrogate(self, log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor) -> Tensor:
        """What to maximise, for each of B samples: all (B,); differentiable in the current `log_prob`."""

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:  # noqa: ARG002 - the policy may repeat itself
        indices, log_prob, entropy = self.policy.sample(rng)
        note = {
            "log_prob": log_prob,
            "entropy": entropy,
            "baseline": self.baseline,
            "updates": self.updates,
            "loss": self.loss,
            "blind": self.updates == 0,
        }
        return Proposal(number, self.policy.architecture(self._space_name, indices), note=note)

    def tell(self, trial: Trial) -> None:
        log_prob = trial.note.get("log_prob")
        if trial.score is None or not isfinite(trial.score) or not isinstance(log_prob, int | float) or not isfinite(log_prob):
            return
        baseline = trial.score if self.baseline is None else self.baseline
        self._batch.append(Sample(tuple(self.policy.indices(trial.architecture)), float(log_prob), trial.score - baseline))
        self.baseline = self._baseline_decay * baseline + (1 - self._baseline_decay) * trial.score
        if len(self._batch) >= self._batch_size:
            self._learn(self._batch)
            self._batch = []

    def _learn(self, batch: Sequence[Sample]) -> None:
        indices = [sample.indices for sample in batch]
        old_log_prob = torch.tensor([sample.log_prob for sample in batch], dtype=torch.float64, device="cpu")  # (B,)
        advantage = torch.tensor([sample.advantage for sample in batch], dtype=torch.float64, device="cpu")  # (B,)
        with one_thread(), torch.enable_grad():
            for _ in range(self._epochs):
                log_prob, entropy = self.policy.log_prob_and_entropy(indices)  # (B,), (B,)
                loss = -(self.surrogate(log_prob, old_log_prob, advantage) + self._entropy_weight * entropy).mean()
                loss.backward()
                self._optimizer.step()
        self.policy.refresh()
        self.updates += 1
        self.loss = float(loss.detach())
