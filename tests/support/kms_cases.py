"""Statements that do or do not allow blocked KMS actions: one table for policies of both kinds."""

from collections.abc import Mapping
from typing import NamedTuple

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NC, C, allow

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEYS_OF_REGION = f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*"
NOTE = "all keys of one account and Region pass"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Row(NamedTuple):
    """Hold one document, the blocked actions, and the verdict on it."""

    name: str
    expected: ComplianceType
    statements: tuple[Mapping[str, object], ...]
    blocked: str = "kms:Decrypt, kms:ReEncryptFrom"
    note: str | None = None


def on(name: str, expected: ComplianceType, resource: object, note: str | None = None) -> Row:
    return Row(name, expected, (allow("kms:Decrypt", resource),), note=note)


def acting(name: str, expected: ComplianceType, action: object, blocked: str = "kms:Decrypt") -> Row:
    return Row(name, expected, (allow(action),), blocked)


def but(name: str, expected: ComplianceType, actions: object, blocked: str = "kms:Decrypt") -> Row:
    return Row(name, expected, (allow(None, NotAction=actions),), blocked)


def denied(name: str, expected: ComplianceType, *denials: dict[str, object], action: str = "kms:Decrypt") -> Row:
    return Row(name, expected, (allow(action), *denials), "kms:Decrypt")


def deny(action: object = "kms:Decrypt", resource: object = "*", **elements: object) -> dict[str, object]:
    return allow(action, resource, **{"Effect": "Deny", **elements})


ROWS = [
    acting("a blocked action", NC, "kms:Decrypt"),
    acting("a blocked action among others", NC, ["s3:GetObject", "kms:Decrypt"]),
    acting("another action", C, "kms:Encrypt"),
    acting("an action of another service of the same name", C, "xkms:Decrypt"),
    acting("all actions of KMS", NC, "kms:*"),
    acting("every action", NC, "*"),
    acting("a pattern that meets the blocked action", NC, "kms:De*"),
    acting("a pattern that does not meet it", C, "kms:Describe*"),
    acting("a pattern of single letters", NC, "kms:???????"),
    acting("case does not matter", NC, "KMS:dECRYPT"),
    acting("an action that a blocked pattern matches", NC, "kms:ReEncryptTo", "kms:ReEncrypt*"),
    acting("a pattern that meets a blocked pattern", NC, "kms:*From", "kms:ReEncrypt*"),
    acting("an action of KMS where all are blocked", NC, "kms:ListKeys", "kms:*, kms:Decrypt, kms:ReEncrypt*"),
    acting("an action of S3 where all of KMS are blocked", C, "s3:*", "kms:*"),
    acting("the second of the blocked actions", NC, "kms:ReEncryptFrom", "kms:Decrypt,kms:ReEncryptFrom"),
    acting("no actions", C, []),
    but("NotAction of another service", NC, "iam:*"),
    but("NotAction of the blocked action", C, "kms:Decrypt"),
    but("NotAction of all of KMS", C, ["kms:*"], "kms:Decrypt, kms:ReEncrypt*"),
    but("NotAction of everything", C, "*"),
    but("NotAction of a part of what is blocked", NC, "kms:ReEncryptTo", "kms:ReEncrypt*"),
    but("NotAction of one of two blocked patterns", NC, "kms:Decrypt", "kms:Decrypt, kms:ReEncrypt*"),
    but("NotAction of nothing", NC, []),
    on("one key", C, KEY),
    on("two keys", C, [KEY, KEY.replace("1234abcd", "5678efab")]),
    on("a key and everything", NC, [KEY, "*"]),
    on("all keys of an account and Region", C, KEYS_OF_REGION, NOTE),
    on("some keys of an account and Region", C, KEY[:-1] + "?", NOTE),
    on("all of KMS in an account and Region", C, f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:*", NOTE),
    on("all keys of an account in every Region", NC, f"arn:aws:kms:*:{ACCOUNT_ID}:key/*"),
    on("one multi-Region key in every Region", C, f"arn:aws:kms:*:{ACCOUNT_ID}:key/mrk-1234"),
    on("all keys of every account", NC, "arn:aws:kms:*:*:key/*"),
    on("all keys of every account in one Region", NC, "arn:aws:kms:eu-west-1:*:key/*"),
    on("one key of every account", NC, "arn:aws:kms:eu-west-1:*:key/1234"),
    on("a part of an account number", NC, "arn:aws:kms:eu-west-1:1111*:key/1234"),
    on("all of KMS", NC, "arn:aws:kms:*"),
    on("an ARN that ends with the service, which AWS completes with stars", NC, "arn:aws:kms"),
    on("an ARN that ends with the Region, which AWS completes with stars", NC, "arn:aws:kms:eu-west-1"),
    on("an ARN that ends with the account", C, f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}", NOTE),
    on("an ARN that ends with the account, in every Region", NC, f"arn:aws:kms:*:{ACCOUNT_ID}"),
    on("an ARN that ends with another service", C, "arn:aws:s3"),
    on("a star that stands for Region and account", NC, "arn:aws:kms:*:key/1234"),
    on("all ARNs", NC, "arn:aws:*:*:*:*"),
    on("all ARNs of every partition", NC, "arn:*"),
    on("all keys in China", NC, "arn:aws-cn:kms:*:*:key/*"),
    on("a variable for the account", NC, "arn:aws:kms:eu-west-1:${aws:PrincipalAccount}:key/1234"),
    on("a variable for the key", C, f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/${{aws:PrincipalTag/key}}", NOTE),
    on("a variable for key and Region", NC, f"arn:aws:kms:${{aws:RequestedRegion}}:{ACCOUNT_ID}:key/${{aws:username}}"),
    on("a variable for everything", NC, "${aws:PrincipalTag/key}"),
    on("a star that is escaped", C, f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/${{*}}"),
    on("a bucket", C, "arn:aws:s3:::bucket/*"),
    on("a key after a star", NC, "*:key/1234"),
    on("all that begins with S3's name", C, "arn:aws:s3*"),
    on("all buckets", C, "arn:aws:s3:::*"),
    on("all aliases", C, "arn:aws:kms:*:*:alias/*"),
    on("no resources", C, []),
    Row("NotResource", NC, (allow("kms:Decrypt", None, NotResource=KEY),)),
    Row("NotResource of nothing", NC, (allow("kms:Decrypt", None, NotResource=[]),)),
    Row("NotResource of all keys", C, (allow("kms:Decrypt", None, NotResource=["arn:aws:kms:*:*:key/*"]),)),
    Row("NotResource of all keys of every partition", C, (allow("kms:Decrypt", None, NotResource="arn:*:kms:*"),)),
    Row(
        "NotResource of all keys of another partition",
        NC,
        (allow("kms:Decrypt", None, NotResource=["arn:aws-cn:kms:*:*:key/*", "arn:aws-us-gov:kms:*"]),),
    ),
    Row("NotResource of everything", C, (allow("kms:Decrypt", None, NotResource="*"),)),
    Row("NotResource of other things", NC, (allow("kms:Decrypt", None, NotResource="arn:aws:s3:::*"),)),
    Row("a condition does not excuse", NC, (allow("kms:Decrypt", Condition=MFA),)),
    Row("a Deny alone", C, (deny(),)),
    Row("a Deny with a condition alone", C, (deny(Condition=MFA),)),
    Row("no statement", C, ()),
    Row("a second statement", NC, (allow("s3:GetObject"), allow("kms:Decrypt"))),
    Row(
        "a note is told once",
        C,
        (allow(["kms:Decrypt", "kms:ReEncryptFrom"], KEYS_OF_REGION), allow("kms:*", KEYS_OF_REGION)),
        note=f"statement 1 allows kms:Decrypt on {KEYS_OF_REGION}: {NOTE}",
    ),
    denied("a Deny of the same action on everything", C, deny()),
    denied("a Deny of what is blocked, where a pattern is allowed", C, deny(), action="kms:De*"),
    Row("a Deny before the Allow counts as well", C, (deny(), allow("kms:Decrypt")), "kms:Decrypt"),
    denied("a Deny of what is blocked, where more is allowed", C, deny(), action="kms:*"),
    denied("a Deny of a wider pattern", C, deny("kms:*")),
    denied("a Deny of everything but another service", C, deny(None, NotAction="s3:*")),
    denied(
        "a Deny of everything but something else that is allowed",
        C,
        deny(None, NotAction="kms:Encrypt"),
        action="kms:*",
    ),
    Row(
        "a Deny of all that is allowed of a pattern", C, (allow("kms:ReEncryptTo"), deny("kms:ReEncryptTo")), "kms:Re*"
    ),
    Row(
        "a Deny of everything but what is blocked and not allowed",
        C,
        (allow("kms:ReEncryptTo"), deny(None, NotAction="kms:ReEncryptFrom")),
        "kms:ReEncrypt*",
    ),
    denied("a Deny of everything but what is blocked", NC, deny(None, NotAction="kms:Decrypt")),
    denied("a Deny with a condition", NC, deny(Condition=MFA)),
    denied("a Deny on one key", NC, deny(resource=KEY)),
    denied("a Deny on all keys that is not on everything", NC, deny(resource="arn:aws:kms:*:*:key/*")),
    denied("a Deny by NotResource", NC, deny(resource=None, NotResource=KEY)),
    denied("a Deny of another action", NC, deny("kms:Encrypt")),
    Row("a Deny of a part of what is blocked", NC, (allow("kms:*"), deny("kms:ReEncryptTo")), "kms:ReEncrypt*"),
    Row("a Deny takes NotAction back too", C, (allow(None, NotAction="iam:*"), deny("kms:*")), "kms:Decrypt"),
]
