"""ENAS's macro space (Pham, Guan, Zoph, Le and Dean, ICML 2018, arXiv:1802.03268)."""
