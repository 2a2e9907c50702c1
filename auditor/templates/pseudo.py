"""The pseudo parameters of CloudFormation: which there are, and what a template's account and stack make of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from collections.abc import Mapping

NO_VALUE = "AWS::NoValue"
REGION = "AWS::Region"
STACK_NAME = "AWS::StackName"
_ACCOUNT = "is known only where an account is read"
UNKNOWN: Mapping[str, str] = {
    "AWS::AccountId": _ACCOUNT,
    "AWS::NotificationARNs": "is known only within AWS",
    "AWS::Partition": _ACCOUNT,
    "AWS::Region": "is known only where an account is read in a Region, which --region names",
    "AWS::StackId": "is known only within AWS",
    STACK_NAME: "is known only within AWS",
    "AWS::URLSuffix": _ACCOUNT,
}
"""Every pseudo parameter but AWS::NoValue, and what is to be said of one whose value is not known."""

OF_ACCOUNT = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"})
"""Those that depend on the account and the Region."""

_SUFFIXES: Mapping[str, str] = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-us-gov": "amazonaws.com",
}
"""The domains by partition, as botocore's endpoints have them."""


def pseudo_parameters(account_id: str | None, partition: str, region: str | None) -> dict[str, str]:
    """Return what is known of the pseudo parameters that depend on the account.

    A partition is taken for a default, not for knowledge, where the account's number is not known.
    """
    known = {
        "AWS::AccountId": account_id,
        "AWS::Partition": partition if account_id else None,
        "AWS::Region": region,
        "AWS::URLSuffix": _SUFFIXES.get(partition) if account_id else None,
    }
    return {name: value for name, value in known.items() if value}
