"""Compound scaling of EfficientNet (Tan and Le 2019, arXiv:1905.11946): 1.2, 1.1 and 1.15 to the power of phi."""

from nasbench.core.compound import PUBLISHED
from nasbench.core.law import PowerLaw
from nasbench.core.registry import laws

COMPOUND = laws.register("compound")(PowerLaw(PUBLISHED))
