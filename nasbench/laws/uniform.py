"""Uniform compound scaling, dwr (Dollar, Singh and Girshick 2021, arXiv:2103.06877): a third of the growth in each."""

from nasbench.core.law import shared
from nasbench.core.registry import laws

UNIFORM = laws.register("dwr")(shared(1, 1, 1))
