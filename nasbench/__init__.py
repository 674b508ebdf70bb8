"""nasbench: neural architecture search and model scaling."""
