"""The layer-wise space of Neural Architecture Search with Reinforcement Learning (Zoph and Le 2017)."""
