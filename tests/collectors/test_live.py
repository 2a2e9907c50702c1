"""The live collector, through collect() and real boto3 over HTTP, against moto behind a front."""

import json
import subprocess
import sys
from collections import Counter
from threading import Event

import five_rules
import pytest
from aws_server import DETAILS, Answer, Front, denied, error, page, result
from live_account import (
    ACCOUNT,
    DOCUMENT,
    EVERYTHING,
    NOW,
    FakeClock,
    collected,
    filled,
    gap_codes,
    status,
    verdicts,
)
from msgspec import structs

from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.collectors.live.collection import (
    LiveOptions,
    ProgressEvent,
    collect,
    connect,
    permissions_policy,
)
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.testing import NA, NC, UNKNOWN, C

IDENTITY_CALL = "sts:GetCallerIdentity"
MEMBER = (
    "<member><Path>/</Path><UserName>{name}</UserName><UserId>AIDA{name}</UserId>"
    f"<Arn>{ACCOUNT}:user/{{name}}</Arn><CreateDate>2025-01-01T00:00:00Z</CreateDate>"
    "<GroupList/><AttachedManagedPolicies/></member>"
)


def devices(*names: str, marker: str | None = None) -> Answer:
    """Return a page of virtual MFA devices that are of nobody, by the last parts of their serial numbers."""
    members = "".join(f"<member><SerialNumber>{ACCOUNT}:mfa/{name}</SerialNumber></member>" for name in names)
    more = f"<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>" if marker else "<IsTruncated>false</IsTruncated>"
    return result("ListVirtualMFADevices", f"<VirtualMFADevices>{members}</VirtualMFADevices>{more}")


def counts(**summary: int) -> str:
    entries = (f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in summary.items())
    return f"<SummaryMap>{''.join(entries)}</SummaryMap>"


def test_an_account_is_read_whole(aws: Front) -> None:
    filled(aws)
    snapshot = collected()
    assert snapshot.kind == "live"
    assert snapshot.captured_at == NOW
    assert (snapshot.account.id, snapshot.account.partition) == ("123456789012", "aws")
    assert [user.name for user in snapshot.users] == ["user-0", "user-1"]
    assert [group.name for group in snapshot.groups] == ["Admins", "Empty"]
    assert [role.path for role in snapshot.roles] == ["/deep/"]
    assert [device.user_arn for device in snapshot.virtual_mfa_devices] == [f"{ACCOUNT}:user/user-0"]
    assert {record.status for record in snapshot.sources} == {SourceStatus.COMPLETE}
    assert {record.name for record in snapshot.sources} == EVERYTHING
    assert {record.read_at for record in snapshot.sources} == {NOW}
    undated = structs.replace(snapshot, captured_at=None)  # the emulator's clock is not the test's
    assert load(dump(undated), "test") == undated
    assert UNKNOWN not in verdicts(snapshot).values()


def test_documents_keep_what_looks_like_an_encoding(aws: Front) -> None:
    filled(aws)
    snapshot = collected()
    documents = [snapshot.policies[0].versions[0].document, snapshot.roles[0].trust_policy]
    documents.append(snapshot.users[1].inline_policies[0].document)
    assert [json.loads(bytes(document)) for document in documents] == [DOCUMENT] * 3


@pytest.mark.parametrize("sizes", [(1,), (2, 0, 0, 1), (0, 3), (5,), (1000,)], ids=str)
def test_lists_are_read_to_their_end_whatever_the_pages_hold(aws: Front, sizes: tuple[int, ...]) -> None:
    filled(aws, users=5)
    aws.page_sizes = sizes
    snapshot = collected()
    assert [user.name for user in snapshot.users] == [f"user-{number}" for number in range(5)]
    assert {record.status for record in snapshot.sources} == {SourceStatus.COMPLETE}


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        pytest.param(devices("root-account-mfa-device"), NC, id="seen"),
        pytest.param(devices("another"), C, id="none"),
        pytest.param(denied("iam:ListVirtualMFADevices"), UNKNOWN, id="not read"),
    ],
)
def test_a_virtual_device_of_root_may_be_on_any_page(aws: Front, last: Answer, verdict: ComplianceType) -> None:
    filled(aws)
    aws.script("ListVirtualMFADevices", devices("user-0", marker="more"), devices(marker="still more"), last)
    assert verdicts(collected())["root-account-hardware-mfa-enabled", "123456789012"] is verdict


def test_no_call_is_made_per_entity(aws: Front) -> None:
    iam = filled(aws)
    collected()
    few = Counter(aws.actions)
    for number in range(20):
        iam.create_user(UserName=f"more-{number}")
        iam.create_group(GroupName=f"more-{number}")
    aws.calls.clear()
    collected()
    later = Counter(aws.actions)
    later["iam:GenerateCredentialReport"] += 1  # at the first time the report had to be made
    assert later == few


@pytest.mark.parametrize("sources", [frozenset[Source](), *(frozenset({source}) for source in EVERYTHING), EVERYTHING])
def test_the_calls_are_exactly_those_that_the_permissions_grant(aws: Front, sources: frozenset[Source]) -> None:
    filled(aws)
    collected(sources)
    statement = permissions_policy(sources)["Statement"][0]
    assert set(aws.actions) == {IDENTITY_CALL, *statement["Action"]}
    assert statement["Action"] == sorted(statement["Action"])


def test_the_smallest_permissions() -> None:
    actions = ["iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:ListAccountAliases"]
    statement = {"Sid": "IamAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    assert permissions_policy(frozenset({Source.PASSWORD_POLICY})) == policy


def test_sources_that_were_not_asked_for_say_so(aws: Front) -> None:
    filled(aws)
    snapshot = collected(frozenset({Source.PASSWORD_POLICY}))
    unasked = EVERYTHING - {Source.PASSWORD_POLICY, Source.IDENTITY, Source.ACCOUNT_ALIAS, Source.ACCOUNT_SUMMARY}
    assert {status(snapshot, source) for source in unasked} == {SourceStatus.NOT_REQUESTED}
    assert all(gap_codes(snapshot, source) == {"NotRequested"} for source in unasked)
    found = verdicts(snapshot)
    assert found.pop(("iam-password-policy", "123456789012")) is C
    assert found.pop(("iam-password-policy-allows-user-change", "123456789012")) is not UNKNOWN
    assert found.pop(("iam-root-access-key-check", "123456789012")) is C  # by the account summary
    assert set(found.values()) == {UNKNOWN}


def test_a_denial_does_not_hint_at_mfa_when_it_was_used(aws: Front) -> None:
    aws.fixed[DETAILS] = denied(f"iam:{DETAILS}", explicit=True)
    options = LiveOptions(mfa_serial="arn:aws:iam::123456789012:mfa/auditor", mfa_code="123456")
    snapshot = collected(options=options)
    assert gap_codes(snapshot, Source.USERS) == {"AccessDenied"}
    assert not any("--mfa-serial" in gap.message for gap in snapshot.gaps)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(denied(f"iam:{DETAILS}"), "AccessDenied", id="denied"),
        pytest.param(Answer(500, "<!doctype html><p>moto did not know"), "ResponseParserError", id="not XML"),
        pytest.param(error("ExpiredToken", status=403), "ExpiredToken", id="session over"),
        pytest.param(result(DETAILS, "<UserDetailList><member/></UserDetailList>"), "UnreadableAnswer", id="nameless"),
        pytest.param(page("User", "", "user-one", truncated=True), "BadMarker", id="marker twice"),
        pytest.param(page("User", "", None, truncated=True), "BadMarker", id="no marker"),
        pytest.param(page("User", "", "", truncated=True), "BadMarker", id="empty marker"),
        pytest.param(result(DETAILS, "<UserDetailList/>"), "BadMarker", id="no word on whether more follow"),
    ],
)
def test_what_was_read_before_a_failure_stays(aws: Front, answer: Answer, code: str) -> None:
    first = page("User", MEMBER.format(name="one"), "user-one", truncated=True)
    times = 3 if code == "ResponseParserError" else 1  # what cannot be read is asked for again
    aws.script(DETAILS, first, *[answer] * times)
    snapshot = collected(frozenset({Source.USERS}))
    assert [user.name for user in snapshot.users.known_part] == ["one"]
    assert status(snapshot, Source.USERS) is SourceStatus.PARTIAL
    assert gap_codes(snapshot, Source.USERS) == {code}
    assert len([action for action in aws.actions if action == f"iam:{DETAILS}"]) == 1 + times


def test_a_list_that_never_ends_ends_with_a_gap(aws: Front) -> None:
    clock = FakeClock()
    aws.script(DETAILS, *(page("User", "", f"marker-{number}", truncated=True) for number in range(100)))

    def timer() -> float:
        clock.sleep(60)
        return clock.timer()

    connection = connect(LiveOptions(), ask_code=None)
    snapshot = collect(connection, frozenset({Source.USERS}), clock=clock.now, timer=timer, sleep=clock.sleep)
    assert gap_codes(snapshot, Source.USERS) == {"Timeout"}


def test_a_user_on_two_pages_counts_once_as_last_seen(aws: Front) -> None:
    once = MEMBER.format(name="one")
    moved = once.replace("<GroupList/>", "<GroupList><member>Admins</member></GroupList>")
    aws.script(DETAILS, page("User", once, "next", truncated=True), page("User", moved))
    aws.script("GetAccountSummary", result("GetAccountSummary", counts(Users=1)))
    snapshot = collected(frozenset({Source.USERS}))
    assert [list(user.group_names) for user in snapshot.users] == [["Admins"]]


def test_counts_are_asked_again_when_something_changed_meanwhile(aws: Front) -> None:
    filled(aws)
    aws.script("GetAccountSummary", result("GetAccountSummary", counts(Users=1)))
    snapshot = collected()
    assert aws.actions.count("iam:GetAccountSummary") == 2
    assert status(snapshot, Source.USERS) is SourceStatus.COMPLETE


def test_counts_that_stay_different_make_the_list_partial(aws: Front) -> None:
    filled(aws)
    aws.fixed["GetAccountSummary"] = result("GetAccountSummary", counts(Users=3))
    snapshot = collected()
    assert aws.actions.count("iam:GetAccountSummary") == 2
    assert status(snapshot, Source.USERS) is SourceStatus.PARTIAL
    assert verdicts(snapshot)["iam-group-has-users-check", "Empty"] is UNKNOWN


def test_an_account_without_anything_is_known_to_be_empty(aws: Front) -> None:
    aws.fixed["GetAccountSummary"] = denied("iam:GetAccountSummary")
    found = {key: verdict for key, verdict in verdicts(collected()).items() if key[0] in five_rules.IDS}
    assert found.pop(("iam-password-policy", "123456789012")) is NC
    assert set(found.values()) == {NA}


@pytest.mark.usefixtures("aws")
def test_no_password_policy_means_the_default_one() -> None:
    snapshot = collected()
    assert snapshot.account.password_policy is None
    assert status(snapshot, Source.PASSWORD_POLICY) is SourceStatus.COMPLETE
    assert verdicts(snapshot)["iam-password-policy", "123456789012"] is NC


def test_throttled_calls_are_tried_again(aws: Front) -> None:
    filled(aws)
    aws.script(DETAILS, *[error("Throttling", "Rate exceeded")] * 3)
    assert {record.status for record in collected().sources} == {SourceStatus.COMPLETE}


def test_the_alias_is_shown_and_nothing_depends_on_it(aws: Front) -> None:
    filled(aws).create_account_alias(AccountAlias="the-alias")
    assert collected().account.alias == "the-alias"
    aws.fixed["ListAccountAliases"] = denied("iam:ListAccountAliases")
    snapshot = collected()
    assert snapshot.account.alias is None
    assert not gap_codes(snapshot, Source.ACCOUNT_ALIAS)


def test_progress_tells_of_each_source_and_once_of_its_end(aws: Front) -> None:
    filled(aws)
    events: list[ProgressEvent] = []
    collect(connect(LiveOptions(), ask_code=None), EVERYTHING, progress=events.append, sleep=lambda _: None)
    ends = {event.source: event.items for event in events if event.done}
    assert ends.keys() == EVERYTHING - {Source.IDENTITY}
    assert ends[Source.USERS] == 2
    assert len([event for event in events if event.done]) == len(ends)


def test_when_the_time_is_over_what_was_read_stays_and_the_rest_is_unknown(aws: Front) -> None:
    filled(aws, users=5)
    aws.page_sizes = (2,)
    whole = verdicts(collected())
    clock = FakeClock()
    seen: list[str] = []

    def progress(event: ProgressEvent) -> None:
        if (event.source, event.pages, event.done) == (Source.USERS, 2, False):
            seen.append("two pages")
            clock.sleep(2000)

    connection = connect(LiveOptions(), ask_code=None)
    snapshot = collect(connection, EVERYTHING, progress=progress, clock=clock.now, timer=clock.timer, timeout_s=1000)
    assert seen == ["two pages"]
    read = [user.name for user in snapshot.users.known_part if user.group_names.gap is None]  # others are of the report
    assert read == [f"user-{number}" for number in range(4)]
    assert status(snapshot, Source.USERS) is SourceStatus.PARTIAL
    assert gap_codes(snapshot, Source.USERS) == {"Timeout"}
    found = verdicts(snapshot)
    assert {verdict for key, verdict in found.items() if whole.get(key) is not verdict} <= {UNKNOWN}


def test_a_call_that_never_ends_holds_nobody_up(aws: Front) -> None:
    filled(aws)
    late = {Source.POLICY_DESCRIPTIONS, Source.AWS_MANAGED_POLICIES, Source.PASSWORD_RESETS}
    together = EVERYTHING - late  # which are read after all others, and so after the deadline
    whole = verdicts(collected(together))
    released = Event()
    aws.held["GetAccountPasswordPolicy"] = released
    try:
        snapshot = collect(connect(LiveOptions(), ask_code=None), together, timeout_s=3)
    finally:
        released.set()
    assert gap_codes(snapshot, Source.PASSWORD_POLICY) == {"Timeout"}
    found = verdicts(snapshot)
    assert found.pop(("iam-password-policy", "123456789012")) is UNKNOWN
    resting = {rule.id for rule in load_rules().values() if Source.PASSWORD_POLICY in rule.reads}
    assert all(whole[key] is verdict for key, verdict in found.items() if key[0] not in resting)
    assert all(verdict in (whole[key], UNKNOWN) for key, verdict in found.items())


FIRST_USES = """
import sys, threading
found = set()
def evaluate_quietly(frame, *_):
    if frame.f_code.co_filename.endswith("msgspec/_utils.py"):
        found.add(frame.f_code.co_name)
threading.setprofile(evaluate_quietly)
from auditor.collectors.live.collection import BULK, LiveOptions, collect, connect
collect(connect(LiveOptions(), ask_code=None), BULK)
sys.exit(", ".join(sorted(found)) or 0)
"""


def test_no_thread_is_the_first_to_use_a_shape_which_crashes_msgspec(aws: Front) -> None:
    filled(aws).generate_credential_report()
    done = subprocess.run([sys.executable, "-c", FIRST_USES], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
