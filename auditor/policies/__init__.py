"""Policies: what their documents say, and which of an account's records hold them."""
