"""Pictures of what layers of a trained network see."""
