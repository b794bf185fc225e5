"""Numba kernels of poolpipe: flat arrays in, flat arrays out; knows numpy and numba and nothing else."""
