"""Conformance packs: AWS's YAML files, of which the rules about IAM run; everything else in them is counted."""
