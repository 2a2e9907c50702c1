"""AWS's catalogue of managed rules, as moto ships it."""

import gzip
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def aws_catalogue() -> dict[str, Any]:
    """Return AWS's managed rules as moto ships them, by source identifier."""
    spec = find_spec("moto")
    assert spec is not None
    assert spec.origin is not None
    packed = Path(spec.origin).parent / "config/resources/aws_managed_rules.json.gz"
    catalogue: dict[str, Any] = json.loads(gzip.decompress(packed.read_bytes()))["ManagedRules"]
    return catalogue
