"""iam-audit for programs: read an account, audit it, check what a user may do, and write or compare reports.

    import auditor

    snapshot = auditor.load_snapshot("monday.json.gz")
    report = auditor.audit(snapshot)
    auditor.write(report, "monday.html")
    answer = auditor.can(snapshot, user="alice", action="iam:ChangePassword", session="no-mfa")
    explanation = auditor.explain(snapshot, "alice")

Importing this package imports nothing else: each name below is loaded when it is first used. docs/python.md describes
them with examples.
"""

TYPE_CHECKING = False  # type checkers treat it as True; importing `typing` takes longer than all of this module

if TYPE_CHECKING:  # for type checkers and editors; at run time __getattr__ imports each name when it is first used
    from auditor.account.model import Snapshot
    from auditor.change.in_one_call import audit_change, read_cloudformation_template, read_terraform_plan
    from auditor.collectors.cli_output.folder import read_exports
    from auditor.collectors.live.in_one_call import collect
    from auditor.collectors.saved import load_report, load_snapshot
    from auditor.errors import AuditError
    from auditor.evidence.verification import PackVerification
    from auditor.explaining.explain import explain
    from auditor.explaining.explanation import Explanation
    from auditor.history.door import History
    from auditor.parity.comparing import compare_with_config
    from auditor.parity.files import read_config_results
    from auditor.parity.in_one_call import collect_config_results
    from auditor.parity.parity import Parity
    from auditor.policies.access.answer import Answer
    from auditor.policies.access.questions import can
    from auditor.report.audit import audit
    from auditor.report.compare import compare
    from auditor.report.comparison import Comparison
    from auditor.report.forecast import Forecast, forecast
    from auditor.report.report import Report
    from auditor.writers.evidence.door import EvidencePack, make_evidence, verify_evidence
    from auditor.writers.results import write

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "AuditError",
    "Comparison",
    "EvidencePack",
    "Explanation",
    "Forecast",
    "History",
    "PackVerification",
    "Parity",
    "Report",
    "Snapshot",
    "__version__",
    "audit",
    "audit_change",
    "can",
    "collect",
    "collect_config_results",
    "compare",
    "compare_with_config",
    "explain",
    "forecast",
    "load_report",
    "load_snapshot",
    "make_evidence",
    "read_cloudformation_template",
    "read_config_results",
    "read_exports",
    "read_terraform_plan",
    "verify_evidence",
    "write",
]

_PLACES = {
    "Answer": "auditor.policies.access.answer",
    "AuditError": "auditor.errors",
    "Comparison": "auditor.report.comparison",
    "EvidencePack": "auditor.writers.evidence.door",
    "Explanation": "auditor.explaining.explanation",
    "Forecast": "auditor.report.forecast",
    "History": "auditor.history.door",
    "PackVerification": "auditor.evidence.verification",
    "Parity": "auditor.parity.parity",
    "Report": "auditor.report.report",
    "Snapshot": "auditor.account.model",
    "audit": "auditor.report.audit",
    "audit_change": "auditor.change.in_one_call",
    "can": "auditor.policies.access.questions",
    "collect": "auditor.collectors.live.in_one_call",
    "collect_config_results": "auditor.parity.in_one_call",
    "compare": "auditor.report.compare",
    "compare_with_config": "auditor.parity.comparing",
    "explain": "auditor.explaining.explain",
    "forecast": "auditor.report.forecast",
    "load_report": "auditor.collectors.saved",
    "load_snapshot": "auditor.collectors.saved",
    "make_evidence": "auditor.writers.evidence.door",
    "read_cloudformation_template": "auditor.change.in_one_call",
    "read_config_results": "auditor.parity.files",
    "read_exports": "auditor.collectors.cli_output.folder",
    "read_terraform_plan": "auditor.change.in_one_call",
    "verify_evidence": "auditor.writers.evidence.door",
    "write": "auditor.writers.results",
}
"""The module that defines each name."""


def __getattr__(name: str) -> object:
    """Return a name of this package, imported from the module that defines it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # here, so that importing this package takes next to no time

    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found  # the next time it is found without this function
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
