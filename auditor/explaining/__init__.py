"""Explaining: everything that is known of one user, group, role or policy, and why the rest is not known."""
