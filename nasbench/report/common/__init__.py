"""The common parts of all reports: the page, the style of figures, number formatting, the placement of labels."""
