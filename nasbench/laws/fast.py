"""Fast compound scaling, dWr (Dollar, Singh and Girshick 2021, arXiv:2103.06877): eight tenths of the growth in width.

d1_w8_g8_r1 of pycls: with s = 2**phi, depth s**0.1, width and group width s**0.4, resolution s**0.05. So activations,
which the time on a GPU follows, grow about with the root of s.
"""

from nasbench.core.law import shared
from nasbench.core.registry import laws

FAST = laws.register("dWr")(shared(1, 8, 1))
