"""One dimension takes the whole growth: the controls of Tan and Le 2019 (arXiv:1905.11946) and of Dollar et al. 2021.

Rounded as pycls does (arXiv:2103.06877).
"""

from nasbench.core.law import shared
from nasbench.core.registry import laws

DEPTH = laws.register("depth")(shared(1, 0, 0))
WIDTH = laws.register("width")(shared(0, 1, 0))
RESOLUTION = laws.register("resolution")(shared(0, 0, 1))
