"""A learning-rate schedule of one's own: a polynomial that falls to zero.

    nasbench train zoo:lenet5 --dataset digits --image-size 32 --recipe examples.polynomial_schedule:POLYNOMIAL

A schedule is a function that returns the rate. It asks by name for what it needs: `step` (from 0), `steps_per_epoch`,
`epochs`, any field of the recipe, or `recipe` itself.
"""

from nasbench.core.recipe import Recipe
from nasbench.core.registry import schedules


@schedules.register("polynomial")
def polynomial(step: int, steps_per_epoch: int, epochs: int, lr_peak: float, power: float = 0.9) -> float:
    """lr_peak (1 - t)^0.9, where t is the share of all steps done (Chen et al. 2017, arXiv:1606.00915, section 4.1)."""
    return float(lr_peak * (1.0 - step / (steps_per_epoch * epochs)) ** power)


POLYNOMIAL = Recipe(
    name="polynomial",
    version=1,
    epochs=10,
    batch_size=32,
    lr_peak=0.05,
    lr_schedule="examples.polynomial_schedule:polynomial",
    source="an example; no published counterpart",
)
