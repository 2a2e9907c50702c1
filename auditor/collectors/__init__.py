"""Collectors: each learns an account's facts from one kind of place and gives a Snapshot."""
