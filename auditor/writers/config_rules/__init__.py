"""Exporters: write the selected rules as rules of AWS Config, for other tools to deploy."""
