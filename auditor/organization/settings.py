"""The digest of a run's settings: two runs with the same digest judge in the same way."""

from hashlib import sha256

import msgspec

from auditor import __version__
from auditor.selection.plan import Plan


def digest_of(plan: Plan) -> str:
    """Return the SHA-256 of the rules, their parameters and severities, all other settings, and our version."""
    rules = [
        (each.config_rule_name, each.rule.id, each.rule.severity, msgspec.to_builtins(each.parameters))
        for each in plan.rules
    ]
    packs = [(each.given, repr(each.document)) for each in plan.pack_files]
    run = plan.run
    parts = (__version__, rules, packs, run.suppressions.value, run.max_report_age.value, run.owner_tag.value)
    return sha256(msgspec.json.encode(parts)).hexdigest()
