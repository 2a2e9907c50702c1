"""Explanations: everything about one resource, as text, JSON and HTML."""
