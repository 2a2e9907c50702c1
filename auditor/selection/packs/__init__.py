"""Conformance packs: AWS's YAML is read, and its rules about IAM run; what else it holds is counted."""
