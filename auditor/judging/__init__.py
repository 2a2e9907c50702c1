"""Judging: rules, their parameters, the engine that evaluates them, and the findings."""
