"""`nasbench doctor`: what this machine and this cluster can do, and what to mend."""
