"""Executors: run the work on accounts in threads, processes or a cluster, all through the same `map`."""
