"""Explaining: everything that is known about one user, group, role or policy, and why the rest is unknown."""
