"""The space of mobile networks: inverted residuals, stage by stage."""
