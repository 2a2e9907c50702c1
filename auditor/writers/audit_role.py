"""The role that reads the accounts of an organization, as templates to deploy.

A service-managed StackSet does not deploy to the management account, so the stack with the StackSet has the role too:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-associate-stackset-with-org.html
A delegated administrator may make the StackSet too, and is one of the accounts that it deploys to:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
"""

import re
from typing import Any

from auditor import __version__
from auditor.organization.rights import AuditRole
from auditor.writers.config_rules.cloudformation import as_yaml
from auditor.writers.config_rules.terraform import quoted

_DESCRIPTION = "Lets iam-audit read the IAM of this account"
_IN_MANAGEMENT = "InManagementAccount"
_VERSION = {"AWSTemplateFormatVersion": "2010-09-09"}


def cloudformation_stackset(role: AuditRole) -> str:
    """Return a stack for the management account: the role there, and a StackSet with the role for all others.

    In the account of a delegated administrator it makes the StackSet alone, which gives that account the role too.
    """
    body = as_yaml({**_VERSION, "Description": _DESCRIPTION, "Resources": {"AuditRole": _role(role)}})
    units = {
        "Type": "CommaDelimitedList",
        "Description": "The root (r-...) or the organizational units (ou-...) whose accounts get the role",
    }
    caller = {
        "Type": "String",
        "Default": "SELF",
        "AllowedValues": ["SELF", "DELEGATED_ADMIN"],
        "Description": "SELF in the management account, DELEGATED_ADMIN in that of a delegated administrator",
    }
    own_role = {"Condition": _IN_MANAGEMENT, **_role(role)}
    stack = {
        **_VERSION,
        "Description": "The role of iam-audit in the management account and in all others of the organization",
        "Parameters": {"OrganizationalUnitIds": units, "CallAs": caller},
        "Conditions": {_IN_MANAGEMENT: {"Fn::Equals": [{"Ref": "CallAs"}, "SELF"]}},
        "Resources": {"AuditRole": own_role, "AuditRoleInMembers": _stack_set(role, body)},
    }
    comment = f"# Written by iam-audit {__version__}; to be deployed as a stack in the management account.\n"
    return comment + as_yaml(stack)


def _stack_set(role: AuditRole, body: str) -> dict[str, Any]:
    properties = {
        "StackSetName": re.sub("[^a-zA-Z0-9]+", "-", f"role-{role.name}"),
        "Description": f"The role {role.name}, which iam-audit reads accounts with",
        "PermissionModel": "SERVICE_MANAGED",
        "CallAs": {"Ref": "CallAs"},
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "ManagedExecution": {"Active": True},
        # If one account refuses the role, the others get it all the same.
        "OperationPreferences": {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100},
        "StackInstancesGroup": [
            {
                "DeploymentTargets": {"OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"}},
                "Regions": [{"Ref": "AWS::Region"}],
            }
        ],
        "TemplateBody": body,
    }
    return {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}


def _role(role: AuditRole) -> dict[str, Any]:
    root = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{role.principal}:root"}
    properties = {
        "RoleName": role.name,
        "Path": role.path,
        "Description": _DESCRIPTION,
        "AssumeRolePolicyDocument": role.trust(root if role.of_account else role.principal),
        "Policies": [{"PolicyName": role.name, "PolicyDocument": dict(role.policy)}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def terraform(role: AuditRole) -> str:
    """Return the role of one account in Terraform's language, as `terraform fmt` would format it."""
    (statement,) = role.policy["Statement"]
    actions = "\n".join(f"        {quoted(action)}," for action in statement["Action"])
    root = f'"arn:${{data.aws_partition.current.partition}}:iam::{role.principal}:root"'
    trusted = root if role.of_account else quoted(role.principal)
    demanded = "" if role.external_id is None else f"\n{_condition(role.external_id)}"
    partition = 'data "aws_partition" "current" {}\n\n' if role.of_account else ""
    return f"""# Written by iam-audit {__version__}; to be applied in every account of the organization.
{partition}resource "aws_iam_role" "iam_audit" {{
  name        = {quoted(role.name)}
  path        = {quoted(role.path)}
  description = {quoted(_DESCRIPTION)}

  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ AWS = {trusted} }}
      Action    = "sts:AssumeRole"{demanded}
    }}]
  }})
}}

resource "aws_iam_role_policy" "iam_audit" {{
  name = {quoted(role.name)}
  role = aws_iam_role.iam_audit.id

  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Sid    = {quoted(statement["Sid"])}
      Effect = "Allow"
      Action = [
{actions}
      ]
      Resource = "*"
    }}]
  }})
}}

output "role_arn" {{
  value = aws_iam_role.iam_audit.arn
}}
"""


def _condition(external_id: str) -> str:
    return f'      Condition = {{ StringEquals = {{ "sts:ExternalId" = {quoted(external_id)} }} }}'
