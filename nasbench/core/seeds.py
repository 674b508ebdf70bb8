"""Random streams by derivation: every number comes from (seed, purpose, number), so nothing has to be saved to
resume.
"""

import hashlib
from random import Random


def derive(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed that depends on `seed` and `purpose` alone, the same on every machine and Python version."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def trial_rng(seed: int, number: int) -> Random:
    """The generator a strategy is handed for proposal `number`."""
    return Random(derive(seed, "trial", number))
