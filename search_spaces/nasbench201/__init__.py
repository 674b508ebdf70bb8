"""The space of NAS-Bench-201 (Dong and Yang, ICLR 2020, arXiv:2001.00326)."""
