"""Ours and aiida-core 2.9.4 side by side, in one run on one machine; what is reported are ratios."""
