"""Collectors: each reads an account from one kind of place, and returns a snapshot."""
