"""The NASNet space (Zoph, Vasudevan, Shlens and Le, CVPR 2018, arXiv:1707.07012)."""
