"""What a run shows: tables, plots, drawings, the HTML page. Derived from the run log alone."""
