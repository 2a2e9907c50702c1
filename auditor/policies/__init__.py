"""Policies: what their documents allow, and which users, groups and roles of an account have them."""
