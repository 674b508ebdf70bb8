"""Rewards: what a trial's metrics, and its training's curve, are worth. One file each, no torch."""
