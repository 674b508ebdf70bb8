"""Controllers that learn a distribution over architectures: REINFORCE and PPO."""
