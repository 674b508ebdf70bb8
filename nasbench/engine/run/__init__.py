"""What every run has: its directory, resumption, interrupts, trackers, artefacts."""
