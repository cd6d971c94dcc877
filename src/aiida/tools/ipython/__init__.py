"""Magics for IPython and Jupyter: `%load_ext aiida`, `%aiida`, `%verdi`."""
