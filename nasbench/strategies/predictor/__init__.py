"""The predictor: Gaussian processes that choose the next architecture."""
