"""The core types: standard library only."""
