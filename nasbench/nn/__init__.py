"""Layers and cell machinery that both the zoo and the search spaces build with."""
