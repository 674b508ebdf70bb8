"""What a long training says within an epoch: a report with the epochs done so far and these metrics.

It is for people and trackers alone: no curve, no score and no pruner hears it.
"""

from collections.abc import Mapping
from typing import Any

STEP, STEPS = "within_step", "within_steps"
"""Steps done of the epoch, and how many it has; by the first, a report is told from one after an epoch."""


def is_within(metrics: Mapping[str, Any]) -> bool:
    """Whether a report was made within an epoch."""
    return STEP in metrics
