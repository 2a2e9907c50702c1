"""What users may do with their own password and MFA device, in each session."""

from collections.abc import Iterator

from auditor.account.model import User
from auditor.account.unknown import stored
from auditor.explaining.explanation import Question, SessionAnswer
from auditor.policies.access.answer import Answer, Decision
from auditor.policies.access.evaluator import Access
from auditor.policies.access.sessions import Session

ACTIONS = (
    "iam:ChangePassword",
    "iam:GetAccountPasswordPolicy",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "iam:DeactivateMFADevice",
    "iam:GetUser",
)
"""The actions that users need to change their password, and to register and manage an MFA device.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
sts:GetSessionToken is not among them, because AWS documents that policies have no effect on it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
"""


def questions(access: Access, user: User) -> Iterator[Question]:
    """Yield a question, with its answers, for each of these actions on the user itself or its own device."""
    for action in ACTIONS:
        if stored(user, "arn") is None:
            reason = "Undecided: the user's ARN is not known"
            answers = tuple(SessionAnswer(session, Decision.UNDECIDED, reason, ()) for session in Session)
            yield Question(action, None, answers)
        else:
            answered = [access.can(user, action, session) for session in Session]
            yield Question(action, answered[0].resource, tuple(map(_answer, answered)))


def _answer(answer: Answer) -> SessionAnswer:
    return SessionAnswer(answer.session, answer.decision, answer.reason, answer.statements)
