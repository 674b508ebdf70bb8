"""Cheap scores of networks that are not trained, one file each, and the evaluator that computes them."""
