"""Exporters: the selected rules, written as real rules of AWS Config for other tools to set up."""
