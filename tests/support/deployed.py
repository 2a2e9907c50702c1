"""Create the resources of a CloudFormation template with boto3, because moto's CloudFormation skips most types.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]


class Deployment:
    """Create the resources of one template in their order; Ref and Fn::GetAtt may name only earlier ones."""

    def __init__(self, iam: Any, analyzers: Any) -> None:
        self._iam = iam
        self._analyzers = analyzers
        self._refs: dict[str, str] = {}
        self._makers: Mapping[str, Callable[[str, Json], str]] = {
            "User": self._user,
            "Group": self._group,
            "Role": self._role,
            "ManagedPolicy": self._managed_policy,
            "Policy": self._inline_policy,
            "UserPolicy": lambda _, given: self._put("user", given["UserName"], given),
            "GroupPolicy": lambda _, given: self._put("group", given["GroupName"], given),
            "RolePolicy": lambda _, given: self._put("role", given["RoleName"], given),
            "UserToGroupAddition": self._addition,
            "InstanceProfile": self._instance_profile,
            "AccessKey": lambda _, given: str(iam.create_access_key(UserName=given["UserName"])["AccessKey"]),
            "VirtualMFADevice": self._mfa_device,
            "OIDCProvider": self._oidc_provider,
            "SAMLProvider": self._saml_provider,
            "ServerCertificate": self._certificate,
            "Analyzer": self._analyzer,
        }

    def make(self, template: Json) -> None:
        """Create every resource of a template."""
        for name, declared in template["Resources"].items():
            given = self._resolved(declared.get("Properties", {}))
            self._refs[name] = self._makers[declared["Type"].rpartition("::")[2]](name, given)

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1 and "Ref" in value:
            return self._refs.get(value["Ref"], value["Ref"])
        if isinstance(value, dict):
            return {key: self._resolved(each) for key, each in value.items()}
        return [self._resolved(each) for each in value] if isinstance(value, list) else value

    def _user(self, name: str, given: Json) -> str:
        made = given.get("UserName", name)
        self._iam.create_user(UserName=made, Tags=given.get("Tags", []))
        for group in given.get("Groups", []):
            self._iam.add_user_to_group(GroupName=group, UserName=made)
        if "LoginProfile" in given:
            self._iam.create_login_profile(UserName=made, Password=given["LoginProfile"]["Password"])
        return self._held("user", made, given)

    def _group(self, name: str, given: Json) -> str:
        made = given.get("GroupName", name)
        self._iam.create_group(GroupName=made)
        return self._held("group", made, given)

    def _role(self, name: str, given: Json) -> str:
        made, trust = given.get("RoleName", name), json.dumps(given["AssumeRolePolicyDocument"])
        self._iam.create_role(RoleName=made, AssumeRolePolicyDocument=trust)
        return self._held("role", made, given)

    def _held(self, kind: str, name: str, given: Json) -> str:
        for arn in given.get("ManagedPolicyArns", []):
            self._attach(kind, name, arn)
        for each in given.get("Policies", []):
            self._put(kind, name, each)
        return name

    def _attach(self, kind: str, name: str, arn: str) -> None:
        getattr(self._iam, f"attach_{kind}_policy")(**{f"{kind.title()}Name": name}, PolicyArn=arn)

    def _put(self, kind: str, name: str, given: Json) -> str:
        document = json.dumps(given["PolicyDocument"])
        put = getattr(self._iam, f"put_{kind}_policy")
        put(**{f"{kind.title()}Name": name}, PolicyName=given["PolicyName"], PolicyDocument=document)
        return str(given["PolicyName"])

    def _managed_policy(self, name: str, given: Json) -> str:
        made = self._iam.create_policy(
            PolicyName=given.get("ManagedPolicyName", name),
            PolicyDocument=json.dumps(given["PolicyDocument"]),
            Description=given.get("Description", ""),
        )["Policy"]["Arn"]
        for kind in ("user", "group", "role"):
            for each in given.get(f"{kind.title()}s", []):
                self._attach(kind, each, made)
        return str(made)

    def _inline_policy(self, _name: str, given: Json) -> str:
        for kind in ("user", "group", "role"):
            for each in given.get(f"{kind.title()}s", []):
                self._put(kind, each, given)
        return str(given["PolicyName"])

    def _addition(self, name: str, given: Json) -> str:
        for each in given["Users"]:
            self._iam.add_user_to_group(GroupName=given["GroupName"], UserName=each)
        return name

    def _instance_profile(self, name: str, given: Json) -> str:
        self._iam.create_instance_profile(InstanceProfileName=name)
        self._iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=given["Roles"][0])
        return name

    def _mfa_device(self, name: str, _given: Json) -> str:
        return str(self._iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"])

    def _oidc_provider(self, _name: str, given: Json) -> str:
        given = {"ThumbprintList": ["0" * 40], "ClientIDList": given.pop("ClientIdList", []), **given}
        return str(self._iam.create_open_id_connect_provider(**given)["OpenIDConnectProviderArn"])

    def _saml_provider(self, _name: str, given: Json) -> str:
        given = {"SAMLMetadataDocument": "x" * 1000, **given}
        return str(self._iam.create_saml_provider(**given)["SAMLProviderArn"])

    def _certificate(self, _name: str, given: Json) -> str:
        self._iam.upload_server_certificate(**given)
        return str(given["ServerCertificateName"])

    def _analyzer(self, _name: str, given: Json) -> str:
        return str(self._analyzers.create_analyzer(analyzerName=given["AnalyzerName"], type=given["Type"])["arn"])
