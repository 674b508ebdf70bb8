"""What all reports share: the page, the style of figures, numbers as text, places for labels."""
