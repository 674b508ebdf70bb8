"""Optimisers of a recipe: the built-in ones, and the groups of parameters that each of them gets."""
