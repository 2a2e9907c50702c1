"""The selection: which rules run, with which settings, and where each setting comes from."""
