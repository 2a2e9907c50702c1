"""The resource types that can create resources of IAM which a template or change set does not show."""

import re

EVERYTHING = ("users", "groups", "roles", "policies")
"""The lists that may get unseen resources."""
_STACKS = (
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::StackSet",
    "AWS::Serverless::Application",
    "AWS::ServerlessRepo::Application",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
)
_CUSTOM = "AWS::CloudFormation::CustomResource"
_TYPE = re.compile(r"\w+::\w+(::\w+)*|Custom::[\w@-]+")
_TOUCHING = ("AWS::IAM::", "AWS::AccessAnalyzer::", "AWS::Serverless::")


def may_touch(kind: str) -> bool:
    """Return whether a resource type is of IAM, or can create resources of IAM."""
    return not _TYPE.fullmatch(kind) or _maker(kind) is not None or kind.startswith(_TOUCHING)


def unseen(name: str, kind: str) -> tuple[str, tuple[str, ...]] | None:
    """Return what is unseen of a resource that is not read, as text, and the lists it may affect; None if nothing."""
    if not _TYPE.fullmatch(kind):
        return f"what {name} creates, whose Type is not supported,", EVERYTHING
    if maker := _maker(kind):
        return f"what the {maker} {name} creates", EVERYTHING
    if kind.startswith("AWS::Serverless::"):
        return f"which roles {name} ({kind}) creates", ("roles",)
    if kind.startswith("AWS::IAM::"):
        return f"the effect of {name}, whose type {kind} is not judged,", EVERYTHING
    return None


def _maker(kind: str) -> str | None:
    """Return the name of a kind of resource that creates other resources; None for any other type."""
    if kind.endswith("::MODULE"):
        return "module"
    if kind in _STACKS:
        return "stack"
    return "custom resource" if kind == _CUSTOM or kind.startswith("Custom::") else None  # code may call any API
