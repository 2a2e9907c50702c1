"""Hostile texts, by name: texts that somebody may write into a name, a path, a tag or an annotation to do harm.

`account_of` puts texts wherever an account can contain them, `report_of` wherever a report can.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from auditor.account.kinds import ResourceType
from auditor.account.model import Notice, Snapshot, User
from auditor.account.sources import Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, with_gaps
from auditor.judging.engine import Evaluation, evaluate
from auditor.judging.finding import Effect, Finding, Location
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Context, Evidence, Rule, Severity, Verdict
from auditor.report.build import build
from auditor.report.planned import PlannedSummary, is_counted
from auditor.report.report import AccountHeader, Report, RuleResult, Tool
from auditor.testing import ACCOUNT_ID, CAPTURED_AT, account, group, policy, role, user

BUILT_IN = ("iam-group-has-users-check", "iam-user-no-policies-check", "mfa-enabled-for-iam-console-access")

_PATH = "/" + "!~" * 255 + "/"  # 512 characters, the maximum for a path

TEXTS: Mapping[str, str] = {
    # spreadsheets
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-1+1",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tab start": "\t=1+1",
    "carriage return start": "\r=1+1",
    "csv": 'a,"b""c";\n"d",e',
    # documents
    "script": "</script><script>window.ran=1</script>",
    "script of the payload": '</SCRIPT ><script type="module">window.ran=1</script>',
    "image": "<img src=x onerror=window.ran=1>",
    "image from elsewhere": "<img src='https://example.com/x.png'><link rel=stylesheet href=//example.com/x.css>",
    "svg": "<svg/onload=window.ran=1><animate onbegin=window.ran=1 attributeName=x></svg>",
    "attribute": '\' onmouseover=\'window.ran=1" onfocus="window.ran=1" autofocus x="',
    "comment": "<!-- --><!--><script>window.ran=1</script>",
    "cdata": "]]><script>window.ran=1</script>",
    "base and meta": "<base href='https://example.com/'><meta http-equiv=refresh content='0;url=https://example.com'>",
    "entities": "&lt;b&gt;&amp;amp;&#x1b;&nbsp;",
    "markdown": "[x](javascript:window.ran=1) **b** `c` | d | # e",
    "address": "javascript:window.ran=1//https://example.com",
    "data address": "data:text/html,<script>window.ran=1</script>",
    # templates and formats
    "jinja": "{{7*7}}{% for x in y %}",
    "jinja raw": "{% raw %}{% endraw %}{# gone #}",
    "dollar": "${7*7}$(id)`id`",
    "format strings": "%s%d%n%x {0} {account_id!r:>99} {",
    "rich markup": "[bold red]b[/] [link=https://example.com]x[/link] [/nonsense]",
    "emoji codes": ":skull: :heart_eyes:",
    "json": '"},{"compliance_type":"COMPLIANT"}],"x":[{"y":"',
    "backslashes": r"\x1b[31m \u202e \n \\ \0 \'",
    # terminals
    "colours": "\x1b[31mred\x1b[0m\x1b[2J\x1b[H",
    "terminal link": "\x1b]8;;https://example.com\x1b\\click\x1b]8;;\x1b\\",
    "terminal clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "terminal title": "\x1b]0;owned\x07",
    "C1 controls": "\x9b31mred\x9d52;c;cm0=\x9c\x85\x90",
    "backspaces": "NON_COMPLIANT\b\b\b\b\b\b\b\b\b\b\b\b\bCOMPLIANT    ",
    "overwriting": "NON_COMPLIANT\rCOMPLIANT    ",
    "line feeds": "x\nAccount verdict: COMPLIANT\n\n\v\f",
    "delete": "x\x7f\x7fy",
    "nul": "x\x00y",
    # eyes
    "right to left": "\u202etxt.exe\u202c \u202b\u202d",
    "isolates": "\u2066a\u2067b\u2068c\u2069 \u200e\u200f\u061c",
    "hebrew and arabic": "שלום (COMPLIANT) مرحبا 123",
    "zero width": "ad\u200bm\u200ci\u200dn\u2060\ufeff\u00ad",
    "tags": "x" + "".join(chr(0xE0000 + ord(letter)) for letter in "delete"),
    "variation selectors": "x" + "".join(chr(0xE0100 + number) for number in range(9)) + "\ufe00\ufe0e\u180b",
    "fillers": "\u115f\u1160\u3164\uffa0\u034f\u17b4\u2800",
    "combining flood": "e" + "\u0301\u0336\u0489" * 40 + "x",
    "separators": "a\u2028b\u2029c\u0085d",
    "spaces": "a\u00a0b\u2003c\u3000d   e",
    "homoglyphs": "\u0421\u041eMPLI\u0410NT \uff23\uff2f\uff2d\uff30\uff2c\uff29\uff21\uff2e\uff34",
    "private and unassigned": "\ue000\U0010ffff\ufffe\u0378",
    "lone surrogate": "x\ud800y\udfff",
    "astral": "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\U00020000",
    # lengths
    "64 times everything": "".join(chr(33 + number % 94) for number in range(64)),
    "path": _PATH,
    "long word": "W" * 2_000,
    "long line": "word " * 400 + "end",
    "wide word": "\u6f22" * 300,
}

_LONGEST = 512  # characters; a longer path and name would make an ARN that is rejected
STORABLE: Mapping[str, str] = {
    name: text for name, text in TEXTS.items() if "\ud800" not in text and len(text) <= _LONGEST
}
"""The texts that a snapshot can contain: a lone surrogate cannot be encoded in UTF-8."""


PIPELINE_TEXTS: Mapping[str, str] = {
    "markdown table": r"a|b\|c\\|d",
    "code spans": "` `` ``` ````x` <b>",
    "heading": "# h\n- l\n> q\n```\n---\n| a |\n|---|",
    "mention": "@everyone @octocat #1 !2 ~label org/repo#3 GH-4",
    "mail address": "someone@example.com",
    # pipelines
    "workflow command": "::error file=a,line=1::owned",
    "workflow command after a line feed": "x\n::error::owned\r\n::add-mask::COMPLIANT\n##[error]x",
    "stop command": "::stop-commands::x%0A::error::y%25",
    "workflow property": "a,title=b:c%3A",
    "message link": "[x](0) {0} {{1}} \\[y](1)",
    "placeholder": "{0}{default}",
}
"""Texts, in addition to `TEXTS`, that do harm in Markdown or that a pipeline reads as a command."""


def account_of(texts: Sequence[str]) -> Snapshot:
    """Return an account in which each text is the name of a user, group, role and policy, a path, a tag ..."""
    numbered, every = list(enumerate(texts)), len(Source)
    held = dict.fromkeys((Source.USERS, Source.GROUPS, Source.ROLES, Source.POLICIES), len(texts))
    return account(
        users=[_user(number, text) for number, text in numbered],
        groups=[_renamed(group(f"group-{number}"), "group", text) for number, text in numbered],
        roles=[_renamed(role(f"role-{number}", tags={text: text}), "role", text) for number, text in numbered],
        policies=[_renamed(policy(f"policy-{number}"), "policy", text) for number, text in numbered],
        gaps=tuple(Gap(f"{number}", text, text, text, text) for number, text in numbered),
        notices=tuple(Notice(text, text, text) for text in texts),
        sources=tuple(
            SourceRecord(
                source, SourceStatus.COMPLETE, CAPTURED_AT, 1, held.get(source, 0), " ".join(texts[number::every])
            )
            for number, source in enumerate(Source)
        ),
    )


def _renamed(record: Any, kind: str, text: str) -> Any:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:{kind}/{text}/{text}"
    return msgspec.structs.replace(record, name=text, path=f"/{text}/", arn=arn)


def _user(number: int, text: str) -> User:
    """Return a user in one group that exists and one that does not, with policies and unknown credentials."""
    made = user(f"user-{number}", groups=[text, f"{text} gone"], inline=[text], attached=[text], tags={text: text})
    unknown: User = with_gaps(_renamed(made, "user", text), {"credentials": f"{number}"})
    return unknown


def report_of(texts: Sequence[str]) -> Report:
    """Return the report on such an account by some built-in rules, and by a plug-in for each text that returns only it.

    It also has everything else that a stored report may contain, such as suppressions and locations in files.
    """
    snapshot, known = account_of(texts), load_rules()
    rules = [configure(rule, {}) for rule in (*(known[name] for name in BUILT_IN), *map(_plug_in, texts))]
    evaluation = evaluate(snapshot, rules)
    evaluation = Evaluation(tuple(map(_placed, evaluation.findings)), evaluation.notices)
    report = build(snapshot, rules, evaluation, sha256="5e" * 32, evaluated_at=CAPTURED_AT)
    everything = " ".join(texts)
    return msgspec.structs.replace(
        report,
        tool=Tool(everything, everything),
        account=AccountHeader(ACCOUNT_ID, everything, "aws"),
        rules=tuple(map(_with_reasons, report.rules)),
        planned=_planned(report.findings, texts),
    )


def _planned(findings: Sequence[Finding], texts: Sequence[str]) -> PlannedSummary:
    """Return a planned change whose files have the texts as names, and which resolves a finding for each."""
    counts = Counter(each.change for each in findings if is_counted(each))
    resolved = [msgspec.structs.replace(each, change=Effect.RESOLVED) for each in findings if each.causes]
    counts[Effect.RESOLVED] = len(resolved)
    return PlannedSummary(
        files=tuple(texts),
        alone=False,
        touches_iam=True,
        counts={effect: counts[effect] for effect in Effect},
        resolved=tuple(resolved),
        lost=(),
    )


def _plug_in(text: str) -> Rule:
    def verdict(_resource: object, _context: Context[Any]) -> Verdict:
        evidence = Evidence(text, {text: [text, {"nested": text}]}, text)
        return Verdict(ComplianceType.NON_COMPLIANT, text, (evidence,), note=text)

    return Rule(
        id=text,
        source_identifier=text,
        resource_types=(ResourceType.ACCOUNT,),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url=text,
        evaluate=verdict,
    )


def _placed(finding: Finding) -> Finding:
    text = finding.config_rule_name
    if text in BUILT_IN:
        failed = finding.compliance_type is ComplianceType.NON_COMPLIANT
        return msgspec.structs.replace(finding, change=Effect.UNCHANGED if failed else None)
    set_aside = {"reason": text, text: [text]}
    place, effect = Location(text, 1, text), Effect.INTRODUCED
    caused = msgspec.structs.replace(finding, change=effect, causes=(text,))
    return msgspec.structs.replace(caused, region=text, location=place, suppression=set_aside)


def _with_reasons(result: RuleResult) -> RuleResult:
    text = result.config_rule_name
    if text in BUILT_IN:
        return result
    return msgspec.structs.replace(result, parameters={text: text, "list": [text]}, controls={text: (text,)})
