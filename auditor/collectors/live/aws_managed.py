"""Documents of AWS-managed policies, read live: two calls for each ARN, however many users have the policy.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, convert, structs

from auditor.account.model import AwsManagedPolicy
from auditor.account.sources import ACTIONS, Source, SourceStatus
from auditor.account.unknown import Gap
from auditor.collectors.answers import Answer, gap, unread
from auditor.collectors.aws_managed import answer_of, held_at_console
from auditor.collectors.live.asking_again import answered
from auditor.collectors.live.one_by_one import one_by_one
from auditor.collectors.live.pages import Sleep
from auditor.collectors.live.refusals import gap_of, timed_out
from auditor.collectors.live.session import Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.policies.decoding import UnreadableDocumentError, raw_document

_SOURCE = Source.AWS_MANAGED_POLICIES
_GET, _GET_VERSION = ACTIONS[_SOURCE]


class _Policy(Struct, rename="pascal"):
    arn: str
    default_version_id: str


class _PolicyAnswer(Struct, rename="pascal"):
    policy: _Policy


class _Version(Struct, rename="pascal"):
    version_id: str
    is_default_version: bool
    document: Any


class _VersionAnswer(Struct, rename="pascal"):
    policy_version: _Version


SHAPES = (_PolicyAnswer, _VersionAnswer)
"""The types of both responses."""


class AwsManagedPolicies:
    """Read the default versions of AWS-managed policies."""

    def __init__(
        self,
        connection: Connection,
        deadline: Deadline,
        sleep: Sleep,
        show_count: Callable[[Source, int], None],
        say: Callable[[str], object],
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self._sleep = sleep
        self._show_count = show_count
        self._say = say
        self._wanted: Sequence[str] = ()
        self._read: dict[str, AwsManagedPolicy] = {}
        self._actions: dict[str, str] = {}
        self._errors: Mapping[str, Exception] = {}
        self._final: Exception | None = None

    def of_console_users(self, answers: Mapping[Source, Answer[Any]]) -> Answer[Any]:
        """Return the answer with the policies of console users; without the credential report, of all users."""
        users, groups = answers[Source.USERS], answers[Source.GROUPS]
        for missing in (users, groups):
            if missing.value is None and missing.gap is not None:
                lack = gap(_SOURCE, missing.gap.error_code, missing.gap.message, missing.gap.iam_action)
                return unread(_SOURCE, SourceStatus.FAILED, lack)
        report = answers[Source.CREDENTIAL_REPORT].value if Source.CREDENTIAL_REPORT in answers else None
        return self._of(held_at_console(users.value or (), groups.value or (), report))

    def _of(self, arns: Sequence[str]) -> Answer[Any]:
        self._wanted = arns
        if arns and self._deadline.left():
            noun = "policy" if len(arns) == 1 else "policies"
            calls = f"{2 * len(arns):,} calls of {_GET} and {_GET_VERSION}"
            self._say(f"Reading {len(arns):,} AWS-managed {noun} ({calls})")
        reported = one_by_one(arns, self._keep, self._deadline)
        self._errors, self._final = reported.errors, reported.final
        return self.so_far()

    def so_far(self) -> Answer[Any]:
        """Return the answer with what has been read; missing policies were not read in time."""
        read = dict(self._read)
        lacks = {arn: self._lack(arn) for arn in self._wanted if arn not in read}
        answer = answer_of(self._wanted, read, lacks, SourceStatus.FAILED)
        return structs.replace(answer, pages=2 * len(read), exhaustive=True)

    def _keep(self, arn: str) -> None:
        self._actions[arn] = _GET
        call = partial(self._connection.iam.get_policy, PolicyArn=arn)
        policy = convert(answered(call, self._sleep), _PolicyAnswer).policy
        if policy.arn != arn:
            raise ValueError(f"the answer is about {policy.arn}")
        self._actions[arn] = _GET_VERSION
        self._read[arn] = self._version(arn, policy.default_version_id)
        self._show_count(_SOURCE, len(self._read))

    def _version(self, arn: str, version_id: str) -> AwsManagedPolicy:
        call = partial(self._connection.iam.get_policy_version, PolicyArn=arn, VersionId=version_id)
        version = convert(answered(call, self._sleep), _VersionAnswer).policy_version
        if version.version_id != version_id or not version.is_default_version:
            raise ValueError(f"the answer is not about {version_id}, the default version")
        try:
            return AwsManagedPolicy(arn, version_id, raw_document(version.document))
        except UnreadableDocumentError as error:
            raise ValueError(str(error)) from error

    def _lack(self, arn: str) -> Gap:
        """Return why a document is unknown: its own error, the error that stopped all further calls, or the time.

        The id contains the call: AWS may refuse one of the two for one policy, and the other for another.
        """
        error = self._errors.get(arn, self._final)
        if error is None:
            return timed_out(_SOURCE, self._deadline.timeout_s)
        failed = arn if arn in self._errors else next(name for name, each in self._errors.items() if each is error)
        action = self._actions[failed]
        found = gap_of(_SOURCE, error, action, mfa=self._connection.mfa)
        return structs.replace(found, id=f"{found.id}:{action.partition(':')[2]}")
