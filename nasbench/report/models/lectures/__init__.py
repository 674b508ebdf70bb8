"""Tables that lectures print, beside what is counted here."""
