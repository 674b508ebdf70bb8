"""The report of trainings: of train, transfer and scale --train."""
