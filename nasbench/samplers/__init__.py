"""Samplers of paths: which architectures of a space a supernet is trained on, step by step. One file each, no torch."""
