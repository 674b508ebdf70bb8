"""Hand-designed networks of the field's history, each with its card."""
