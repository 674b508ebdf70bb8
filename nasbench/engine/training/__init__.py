"""Commands that train networks: train, transfer, compare."""
