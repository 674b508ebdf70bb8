"""Charts of the zoo."""
