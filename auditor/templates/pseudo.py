"""The pseudo parameters of CloudFormation, and their values in an account.

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
"""Every pseudo parameter except AWS::NoValue, with the text that says why its value is unknown."""

OF_ACCOUNT = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"})
"""The pseudo parameters that depend on the account and the Region."""

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
"""The domains by partition, as in botocore's endpoints."""


def pseudo_parameters(account_id: str | None, partition: str, region: str | None) -> dict[str, str]:
    """Return the known values of the pseudo parameters that depend on the account.

    If the account's number is unknown, the partition is only a default and is not used.
    """
    known = {
        "AWS::AccountId": account_id,
        "AWS::Partition": partition if account_id else None,
        "AWS::Region": region,
        "AWS::URLSuffix": _SUFFIXES.get(partition) if account_id else None,
    }
    return {name: value for name, value in known.items() if value}
