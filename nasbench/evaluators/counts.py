"""What architectures of a space count, for strategies and limits: computed when asked for, each network once."""

from dataclasses import replace

from nasbench.core.arch import Architecture
from nasbench.core.errors import TrialFailed, UsageError
from nasbench.core.protocols import Countable, SearchSpace
from nasbench.core.spec import Size, Task, pixels_of


class CountedOnce:
    """Architecture -> (trainable parameters, multiply-adds of one image), by its canonical form.

    A space that knows its counts is asked; of any other the network is built on the meta device. TrialFailed where it
    cannot be built.
    """

    def __init__(self, space: SearchSpace, size: Size, task: Task) -> None:
        self._space, self._size, self._task = space, size, task
        self._seen = replace(task, image_size=pixels_of(size, task))  # a scaled resolution changes no strides
        self._known: dict[str, tuple[int, int]] = {}

    def __call__(self, architecture: Architecture) -> tuple[int, int]:
        canonical = self._space.canonical(architecture)
        if canonical.key not in self._known:
            self._known[canonical.key] = self._count(architecture)
        return self._known[canonical.key]

    def _count(self, architecture: Architecture) -> tuple[int, int]:
        if isinstance(self._space, Countable):
            return self._space.counts(architecture, self._size, self._task)
        from nasbench.blank import blank
        from nasbench.profile import count
        from nasbench.train.faults import trial_boundary

        try:
            with trial_boundary("counting the network"):
                with blank():
                    network = self._space.build(architecture, self._size, self._task)
                return count(network, self._seen)
        except UsageError as error:  # a size that fits no network is answered before: this one alone cannot be built
            raise TrialFailed(f"counting the network failed: {error}") from error
