"""Values that are known only later, filled at random: no verdict that was given before turns out to be wrong."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judging_plans import Answers, answers, report_of, report_of_plan
from plans import Json, changed, created, plan, refers

from auditor.account.model import Snapshot
from auditor.change.cloudformation import reading
from auditor.testing import account, group, policy, user

SLOW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
UNDECIDED = "INSUFFICIENT_DATA"
RULES = {
    "iam-user-group-membership-check",
    "iam-group-has-users-check",
    "iam-user-no-policies-check",
    "iam-no-inline-policy-check",
    "iam-policy-blacklisted-check",
    "iam-policy-no-statements-with-admin-access",
    "iam-policy-no-statements-with-full-access",
    "iam-mfa-deny-exempts-change-password",
}
PARAMETERS = ("A", "B", "C")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
VALUES = (
    "team",
    "new",
    "*",
    "s3:*",
    "s3:Get",
    "ops",
    "ann",
    "Allow",
    "Deny",
    "true",
    "false",
    ADMINISTRATOR,
    "arn:aws:s3:::b",
)
OVER = account(users=[user("ann", groups=["ops"]), user("bob")], groups=[group("ops")], policies=[policy("p")])
NOTHING = {"Ref": "AWS::NoValue"}
conditions = st.sampled_from(("IsOps", "IsTrue"))


@st.composite
def chosen(draw: st.DrawFn, either: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> Json:
    return {"Fn::If": [draw(conditions), draw(either), draw(other)]}


literals = st.sampled_from(VALUES)
few = st.sampled_from(("ops", "*", "Allow"))
unknown = st.one_of(
    st.sampled_from(PARAMETERS).map(lambda name: {"Ref": name}),
    st.sampled_from(PARAMETERS).map(lambda name: {"Fn::Sub": f"${{{name}}}"}),
    chosen(literals, literals),
)
texts = st.one_of(literals, unknown)
perhaps = chosen(texts, st.just(NOTHING))
items = st.one_of(st.lists(perhaps, min_size=1, max_size=1), st.lists(st.one_of(texts, perhaps), max_size=2))
ACTIONS = st.one_of(st.sampled_from(("*", "s3:*", "s3:Get", "iam:ChangePassword")), unknown)
RESOURCES = st.one_of(st.sampled_from(("*", "arn:aws:s3:::b")), unknown)
MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


@st.composite
def statements(draw: st.DrawFn) -> Json:
    made: Json = {
        "Effect": draw(st.one_of(st.sampled_from(("Allow", "Deny")), unknown)),
        draw(st.sampled_from(("Action", "NotAction"))): draw(
            st.one_of(ACTIONS, st.lists(ACTIONS, min_size=1, max_size=2))
        ),
        "Resource": draw(st.one_of(RESOURCES, st.lists(RESOURCES, min_size=1, max_size=2))),
    }
    condition = draw(st.sampled_from((None, MFA, "unknown")))
    if condition is not None:
        unclear = {"BoolIfExists": {"aws:MultiFactorAuthPresent": draw(texts)}}
        made["Condition"] = unclear if condition == "unknown" else condition
    return made


documents = st.builds(
    lambda written: {"Version": "2012-10-17", "Statement": written},
    st.lists(st.one_of(statements(), chosen(statements(), st.just(NOTHING))), min_size=1, max_size=1),
)
policies = st.builds(lambda document: {"PolicyName": "own", "PolicyDocument": document}, documents)


@st.composite
def templates(draw: st.DrawFn) -> Json:
    """Draw a template with parameters of which none has a default."""
    person = {
        "UserName": "new",
        "Groups": draw(st.one_of(items, chosen(items, st.just(NOTHING)))),
        "ManagedPolicyArns": draw(items),
        "Policies": draw(st.lists(chosen(policies, st.just(NOTHING)), max_size=1)),
    }
    managed = {"ManagedPolicyName": "m", "PolicyDocument": draw(documents), "Users": draw(items)}
    addition = {"GroupName": draw(st.one_of(st.just({"Ref": "Team"}), texts)), "Users": draw(items)}
    resources: Json = {
        "Team": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "team"}},
        "Person": {"Type": "AWS::IAM::User", "Properties": person},
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": managed},
        "Addition": {"Type": "AWS::IAM::UserToGroupAddition", "Properties": addition},
    }
    for name in ("Person", "Addition"):
        if draw(st.integers(0, 3)) == 0:
            resources[name]["Condition"] = draw(conditions)
    return {
        "Parameters": {name: {"Type": "String"} for name in PARAMETERS},
        "Conditions": {
            "IsOps": {"Fn::Equals": [{"Ref": "A"}, "ops"]},
            "IsTrue": {"Fn::Not": [{"Fn::Equals": [{"Ref": "B"}, {"Ref": "C"}]}]},
        },
        "Resources": resources,
    }


def judged(template: Json, given_values: dict[str, str], over: Snapshot | None) -> Answers:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        path.write_text(json.dumps(template), "utf-8")
        return answers(report_of([reading.opened(str(path), reading.document_of(str(path)), given_values)], over))


def check_held(before: Answers, after: Answers) -> None:
    """Check that what was decided before is decided so after, or left open there."""
    for key, (verdict, _) in before.items():
        if key[0] in RULES and verdict != UNDECIDED and key in after:
            assert after[key][0] in (verdict, UNDECIDED), key


@SLOW
@given(template=templates(), values=st.tuples(few, few, few))
def test_parameters_that_get_a_value_refute_no_verdict(template: Json, values: tuple[str, ...]) -> None:
    given_values = dict(zip(PARAMETERS, values, strict=True))
    for over in (None, OVER):
        check_held(judged(template, {}, over), judged(template, given_values, over))


HOLES = st.one_of(st.none(), st.sampled_from(("*", "s3:*", "arn:aws:s3:::b", "iam:ChangePassword")))
written = st.fixed_dictionaries(
    {
        "effect": st.sampled_from(("Allow", "Deny", None, "?")),
        "actions": st.lists(HOLES, min_size=1, max_size=2),
        "resources": st.lists(HOLES, min_size=1, max_size=2),
        "condition": st.lists(
            st.fixed_dictionaries(
                {
                    "test": st.just("BoolIfExists"),
                    "variable": st.just("aws:MultiFactorAuthPresent"),
                    "values": st.lists(
                        st.one_of(st.none(), st.sampled_from(("true", "false"))), min_size=1, max_size=1
                    ),
                }
            ),
            max_size=1,
        ),
    }
)


def mask(value: Any) -> Any:
    """Return the mask of what is null or "?" in a statement."""
    if isinstance(value, dict):
        return {key: mask(each) for key, each in value.items() if key != "effect" or each == "?"}
    return [mask(each) for each in value] if isinstance(value, list) else value in (None, "?")


@st.composite
def filled(draw: st.DrawFn, value: Any, key: str = "") -> Any:
    """Draw the statement as a policy document has it, with its unknown parts filled."""
    if isinstance(value, list):
        return [draw(filled(each, key)) for each in value]
    if value is not None and value != "?":
        return value
    choices = {"values": ("true", "false", "x"), "effect": ("Allow", "Deny")}
    return draw(st.sampled_from(choices.get(key, ("*", "s3:*", "kms:Decrypt", "arn:aws:s3:::b"))))


@SLOW
@given(data=st.data(), rows=st.lists(written, min_size=1, max_size=2))
def test_documents_that_are_read_later_refute_no_verdict(data: st.DataObject, rows: list[Json]) -> None:
    later = [{**row, "effect": None if row["effect"] == "?" else row["effect"]} for row in rows]
    before = plan(
        created("aws_iam_policy.p", {"policy": True}, name="p", path="/"),
        changed(
            "data.aws_iam_policy_document.d",
            "read",
            after={"statement": later},
            unknown={"json": True, "statement": [mask(row) for row in rows]},
        ),
        expressions={"aws_iam_policy.p": {"policy": refers("data.aws_iam_policy_document.d.json")}},
    )
    statement = [
        {
            "Effect": data.draw(filled(row["effect"], "effect")) if row["effect"] is not None else "Allow",
            "Action": data.draw(filled(row["actions"])),
            "Resource": data.draw(filled(row["resources"])),
            "Condition": {
                each["test"]: {each["variable"]: data.draw(filled(each["values"], "values"))}
                for each in row["condition"]
            },
        }
        for row in rows
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    after = plan(created("aws_iam_policy.p", name="p", path="/", policy=text))
    with TemporaryDirectory() as folder:
        check_held(answers(report_of_plan(Path(folder), before)), answers(report_of_plan(Path(folder), after)))
