"""Shared parts of the live collector's tests: a filled account, a clock, and functions that read a snapshot."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_server import Front, report_row
from moto.iam.models import AWSManagedPolicy, iam_backends
from rule_parameters import configured

from auditor.account.model import Snapshot
from auditor.account.sources import BULK, Source, SourceStatus
from auditor.collectors.live.collection import Connection, LiveOptions, collect, connect
from auditor.demo.emulator import self_signed
from auditor.judging.engine import evaluate
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
"""The time of a FakeClock: later than what the emulator makes by the real clock, also in a session that takes long."""
EXPIRES_AT = datetime(2099, 11, 24, tzinfo=UTC)
ACCOUNT = "arn:aws:iam::123456789012"
EVERYTHING = BULK
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a+b%41 é"}],
}


def emulator_now() -> datetime:
    """Return the time by the emulator's own clock, which is the real one."""
    return datetime.now(UTC).replace(microsecond=0)


class FakeClock:
    """A clock that only advances when something sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.slept))

    def timer(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        assert len(self.slept) < 1000, "it waits without end"


def collected(
    sources: frozenset[Source] = EVERYTHING, clock: FakeClock | None = None, options: LiveOptions | None = None
) -> Snapshot:
    clock = clock or FakeClock()
    connection = connect(options or LiveOptions(), ask_code=None)
    return collect(connection, sources, clock=clock.now, timer=clock.timer, sleep=clock.sleep)


def filled(front: Front, users: int = 2, options: LiveOptions | None = None) -> Any:
    """Fill the account: one compliant user, others that are not, a group with and one without users, a good policy."""
    connection = connect(options or LiveOptions(), ask_code=None)
    iam: Any = connection.iam
    for group in ("Admins", "Empty"):
        iam.create_group(GroupName=group)
    for number in range(users):
        iam.create_user(UserName=f"user-{number}")
        iam.create_login_profile(UserName=f"user-{number}", Password="Made-up-9-password!")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="user-0")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="user-0", SerialNumber=serial, **codes)
    iam.add_user_to_group(GroupName="Admins", UserName="user-0")
    iam.put_user_policy(UserName="user-1", PolicyName="own", PolicyDocument=json.dumps(DOCUMENT))
    if connection.caller.partition == "aws":
        attach_policy_of_aws(iam, "user-1")
    iam.create_policy(PolicyName="managed", PolicyDocument=json.dumps(DOCUMENT))
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(DOCUMENT), Path="/deep/")
    classes = {f"Require{name}": True for name in ("Symbols", "Numbers", "UppercaseCharacters", "LowercaseCharacters")}
    iam.update_account_password_policy(
        MinimumPasswordLength=14, MaxPasswordAge=90, PasswordReusePrevention=24, **classes
    )
    fill_singly(connection)
    front.calls.clear()
    return iam


def attach_policy_of_aws(iam: Any, user: str, name: str = "OfAws") -> None:
    """Attach an AWS-managed policy to a user."""
    iam.attach_user_policy(UserName=user, PolicyArn=policy_of_aws(name, DOCUMENT))


def policy_of_aws(name: str, document: Any) -> str:
    """Add an AWS-managed policy to moto, which has none by default, and return its ARN."""
    data = {"Path": "/", "DefaultVersionId": "v1", "Document": document, "CreateDate": "2020-01-01T00:00:00+00:00"}
    data |= {"UpdateDate": data["CreateDate"]}
    backend = iam_backends["123456789012"]["aws"]
    policy = AWSManagedPolicy.from_data(name, "123456789012", "aws", data)
    backend.managed_policies[policy.arn] = policy
    backend.aws_managed_policies.append(policy)
    return str(policy.arn)


def fill_singly(connection: Connection) -> None:
    """Add two of each kind of entity that needs a call of its own, one without tags, and an organization."""
    iam: Any = connection.iam
    tags = [{"Key": "owner", "Value": "platform"}, {"Key": "stage", "Value": ""}]
    for name, some in (("tagged", tags), ("bare", [])):
        certificate, key = self_signed(name, EXPIRES_AT)
        iam.upload_server_certificate(
            ServerCertificateName=name, CertificateBody=certificate, PrivateKey=key, Path="/cloudfront/", Tags=some
        )
        clients = ["sts.amazonaws.com", name]
        iam.create_open_id_connect_provider(
            Url=f"https://{name}.example.com/id", ClientIDList=clients, ThumbprintList=["0" * 40], Tags=some
        )
        iam.create_saml_provider(Name=name, SAMLMetadataDocument="x" * 1000, Tags=some)
    iam.create_policy(PolicyName="described", PolicyDocument=json.dumps(DOCUMENT), Description="What it is for")
    analyzers = connection.client("accessanalyzer")
    analyzers.create_analyzer(analyzerName="of the account", type="ACCOUNT")
    analyzers.create_analyzer(analyzerName="of unused access", type="ACCOUNT_UNUSED_ACCESS")
    connection.client("organizations").create_organization(FeatureSet="ALL")


def rows_of(iam: Any) -> list[str]:
    users = iam.list_users()["Users"]
    return [report_row(user["UserName"], user["Arn"], user["CreateDate"], password=True, mfa=True) for user in users]


def verdicts(snapshot: Snapshot) -> dict[tuple[str, str], ComplianceType]:
    """Return every rule's verdicts by rule and resource name."""
    rules = [configured(name) for name in load_rules()]
    findings = evaluate(snapshot, rules).findings
    return {(finding.config_rule_name, finding.resource_name): finding.compliance_type for finding in findings}


def status(snapshot: Snapshot, source: Source) -> SourceStatus:
    return next(record.status for record in snapshot.sources if record.name is source)


def gap_codes(snapshot: Snapshot, source: Source) -> set[str]:
    return {gap.error_code for gap in snapshot.gaps if gap.source == source}


def forget_report() -> None:
    iam_backends["123456789012"]["aws"].credential_report = None
