"""A cheap score, each network's values computed once (`--screen`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from nasbench.core.arch import Architecture
from nasbench.core.errors import RunFailed, TrialFailed
from nasbench.core.shown import sentence

NONE_DEFINED_LIMIT = 10
"""When the score is defined on none of the first so many networks, it would be on no other either."""

Values = Mapping[str, float | None]
"""Name -> value of a cheap score; several for a score that ranks its parts in a population. None: not defined."""


@final
@dataclass
class ScoredOnce:
    """The values of networks by their canonical form, each computed once.

    Attributes:
        label: what the score is called.
        identity: JSON that changes when its values do.
        proposals: among how many proposals it chooses.
        measure: a canonical architecture -> its values. TrialFailed where they are not defined.
        parts: the names of the values, if there are several.
    """

    label: str
    identity: Mapping[str, Any]
    proposals: int
    measure: Callable[[Architecture], Values]
    parts: tuple[str, ...] = ()
    known: dict[str, Values] = field(default_factory=dict)
    defined: bool = False
    """Whether any network has had a score."""

    @property
    def told(self) -> str:
        """What it does, in a sentence."""
        return f"of every {self.proposals} proposals, the best by {self.label} is evaluated"

    def __call__(self, key: str, canonical: Architecture) -> Values:
        """The values; all None where they are not defined. RunFailed where no network has any."""
        if key not in self.known:
            why: object = "no value"
            try:
                values = self.measure(canonical)
            except TrialFailed as error:
                values, why = dict.fromkeys(self.parts or ("score",)), error
            self.remember(key, values)
            if not self.defined and len(self.known) >= NONE_DEFINED_LIMIT:
                raise RunFailed(
                    f"--screen: {self.label} is defined on none of the first {len(self.known)} networks, so it cannot "
                    f"choose among them: {sentence(why)} Mend that, or leave --screen out."
                )
        return self.known[key]

    def remember(self, key: str, values: Values) -> None:
        """Keeps values that a log knows; those of another form are computed again."""
        if set(values) == set(self.parts or ("score",)):
            self.known.setdefault(key, values)
            self.defined = self.defined or any(value is not None for value in values.values())
