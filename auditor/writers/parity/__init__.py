"""Parity reports written: as text, JSON and HTML, each with the same facts."""
