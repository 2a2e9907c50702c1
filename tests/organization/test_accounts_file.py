"""Lists of accounts in files: generous with the names of columns, strict with what stands in them."""

import json
import re
from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.organization.accounts import Listed, with_roles
from auditor.organization.accounts_file import read_accounts_file
from auditor.organization.records import Account, State

ROLE = "arn:aws:iam::111122223333:role/audit/iam-audit"
FULL = Account(
    id="111122223333",
    name="payments",
    email="pay@example.com",
    ou="Root/Production",
    tags={"stage": "prod", "owner": "ann"},
    role_arn=ROLE,
    external_id="partner-7",
)
PLAIN = Account(id="000000000042")
LISTED = {
    "Id": "111122223333",
    "Arn": "arn:aws:organizations::123456789012:account/o-exampleorg1/111122223333",
    "Email": "pay@example.com",
    "Name": "payments",
    "Status": "ACTIVE",
    "State": "ACTIVE",
    "Paths": ["o-exampleorg1/r-ab12/ou-ab12-00000001/111122223333/"],
    "JoinedMethod": "CREATED",
    "JoinedTimestamp": "2026-01-01T00:00:00+00:00",
}


def read(tmp_path: Path, content: str | bytes, name: str = "accounts.csv") -> Listed:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_accounts_file(str(file))


GOOD = {
    "all columns": f"id,name,email,role_arn,external_id,tags,ou\n"
    f"111122223333,payments,pay@example.com,{ROLE},partner-7,stage=prod;owner=ann,Root/Production\n"
    "000000000042,,,,,,\n",
    "other spellings, semicolons, a mark and empty lines": "\ufeffAccount ID;Account Name;E-mail;Role ARN;External-Id;"
    "Tag:stage;tags.owner;OU path\r\n\r\n111122223333;payments;pay@example.com;"
    f"{ROLE};partner-7;prod;ann;/Root/Production/\r\n"
    ";;;;;;;\r\n000000000042;;;;;;;\r\n",
    "tabs and quotes": f'accountId\tname\temail\trole\texternalId\ttags\tou\n"111122223333"\t"payments"\t'
    f"pay@example.com\t{ROLE}\tpartner-7\tstage=prod|owner=ann\tRoot/Production\n000000000042\t\t\t\t\t\t\n",
    "a list in JSON": json.dumps(
        [
            {
                "id": 111122223333,
                "name": "payments",
                "email": "pay@example.com",
                "roleArn": ROLE,
                "externalId": "partner-7",
                "tags": [{"Key": "stage", "Value": "prod"}, {"Key": "owner", "Value": "ann"}],
                "ou": "Root/Production",
            },
            "000000000042",
        ]
    ),
    "an object in JSON": json.dumps(
        {
            "accounts": [
                {
                    "account_id": "111122223333",
                    "Name": "payments",
                    "Email": "pay@example.com",
                    "role_arn": ROLE,
                    "external_id": "partner-7",
                    "Tags": {"stage": "prod", "owner": "ann"},
                    "OU": "Root/Production",
                },
                {"account_id": "000000000042", "name": None},
            ]
        }
    ),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_list_is_read_in_many_spellings(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content)
    first, second = found.accounts
    assert (first, second) == (FULL, PLAIN)
    assert found.partition == "aws"
    assert found.listed_by == f"the file {tmp_path / 'accounts.csv'}"
    assert found.warnings == ()


def test_utf_16_of_powershell_is_read(tmp_path: Path) -> None:
    content = json.dumps({"Accounts": [LISTED]}).encode("utf-16")
    assert read(tmp_path, content).accounts[0].id == "111122223333"


def test_what_the_aws_cli_prints_is_read(tmp_path: Path) -> None:
    closed = LISTED | {"Id": "000000000042", "State": "CLOSED", "Status": "SUSPENDED"}
    found = read(tmp_path, json.dumps({"Accounts": [LISTED, closed]}), "accounts.json")
    first, second = found.accounts
    assert (first.id, first.name, first.state, first.ou) == (
        "111122223333",
        "payments",
        None,
        "r-ab12/ou-ab12-00000001",
    )
    assert (second.state, second.detail) == (State.CLOSED, "CLOSED")
    assert found.warnings == ()


def test_what_the_file_says_of_an_account_goes_before_the_options(tmp_path: Path) -> None:
    rows = f"111122223333,{ROLE},partner-7,\n000000000042,,,\n000000000043,,other,\n000000000044,,,CLOSED\n"
    found = read(tmp_path, f"id,role,external_id,state\n{rows}")
    ready = with_roles(found.accounts, "reader", found.partition, external_id="partner-1")
    assert [(account.role_arn, account.external_id) for account in ready] == [
        (ROLE, "partner-7"),
        ("arn:aws:iam::000000000042:role/reader", "partner-1"),
        ("arn:aws:iam::000000000043:role/reader", "other"),
        (None, None),
    ]


def test_columns_that_are_not_read_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, "id,owner,Cost centre\n111122223333,ann,7\n")
    assert found.warnings == (f"{tmp_path / 'accounts.csv'}: not read: Cost centre, owner",)


def test_the_partition_is_that_of_the_roles_or_of_the_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("id\n111122223333\n")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert read_accounts_file(str(plain)).partition == "aws"
    assert read_accounts_file(str(plain), "cn-north-1").partition == "aws-cn"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    assert read_accounts_file(str(plain)).partition == "aws-us-gov"
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    assert read(tmp_path, f"id,role\n111122223333,{role}\n").partition == "aws-cn"


ID = "id,name\n"
BAD = {
    "too few digits": (ID + "000000000042,a\n42,b\n", "line 3 has the account number '42'", "leading zeros"),
    "rounded": (ID + "1.11122E+11,a\n", "line 2 has the account number '1.11122E+11', which is rounded", "as text"),
    "rounded in JSON": ('[{"id": 1.11e11}]', "account 1 has the account number '111000000000.0', which", "quotes"),
    "no zeros in JSON": (
        '[{"id": 42}]',
        "account 1 has the account number '42', which has 2 digits",
        "quotes",
    ),
    "none in JSON": ('[{"name": "a"}]', "account 1 has no account number", '{"Accounts": [{"Id"'),
    "as the console shows it": (ID + "1111-2222-3333,a\n", "'1111-2222-3333'", "12 digits without anything"),
    "other digits": (ID + "١١١١٢٢٢٢٣٣٣٣,a\n", "line 2 has the account number", ""),
    "none": (ID + ",a\n", "line 2 has no account number", "names the columns"),
    "true": ('[{"id": true}]', "account 1 has no account number", ""),
    "twice": (
        ID + "111122223333,a\n000000000042,b\n111122223333,c\n",
        "line 4 lists account 111122223333 again, after line 2",
        "",
    ),
    "another account's role": (f"id,role\n000000000042,{ROLE}\n", "its role is of account 111122223333", "Correct"),
    "no role's ARN": ("id,role\n111122223333,iam-audit\n", "'iam-audit', which is no role's ARN", "--role-name"),
    "a user's ARN": ("id,role\n111122223333,arn:aws:iam::111122223333:user/a\n", "which is no role's ARN", ""),
    "two partitions": (
        f"id,role\n111122223333,{ROLE}\n000000000042,arn:aws-cn:iam::000000000042:role/a\n",
        "line 3 has a role in the partition aws-cn, and others are in aws",
        "one partition",
    ),
    "an external id with blanks": ("id,external_id\n111122223333,my secret\n", "external id that AWS does not", ""),
    "a tag without value": ("id,tags\n111122223333,stage\n", "has the tag 'stage'", "KEY=VALUE"),
    "a tag that is a number": ('[{"id": "111122223333", "tags": {"a": 1}}]', "a tag that is no text", ""),
    "tags that are none": ('[{"id": "111122223333", "tags": [7]}]', "a tag that is no text", ""),
    "a state that is none": ("id,state\n111122223333,in use\n", "has the state 'in use'", "SUSPENDED"),
    "a name that is none": ('[{"id": "111122223333", "name": 7}]', "a name that is no text", "quotes"),
    "a cell too many": (ID + "111122223333,a,b\n", "line 2 has 3 cells, and the first line 2", "quotes"),
    "no header": ("111122223333,a\n", "has no column with account numbers", "id,name,role_arn"),
    "a column twice": ("id,account,name\n", "has two columns for id", "Keep one"),
    "a key twice": ('[{"id": "111122223333", "Id": "000000000042"}]', "has two keys of one meaning", ""),
    "an open quote": (ID + '111122223333,"a\n', "is not CSV", ""),
    "only a header": (ID, "lists no accounts", "names the columns"),
    "empty": ("", "lists no accounts", "names the columns"),
    "an empty list in JSON": ('{"Accounts": []}', "lists no accounts", '{"Accounts": [{"Id"'),
    "an empty list alone": (" []", "lists no accounts", "list-accounts"),
    "half a list": ('{"Accounts": ["111122223333"], "NextToken": "x"}', "only the first part of a list", "--max-items"),
    "another object": ('{"Users": []}', "holds no list of accounts", "list-accounts"),
    "half a file": ('{"Accounts": [', "is not JSON", ""),
    "a number": ("[7]", "account 1 is neither", ""),
    "Latin-1": ("id,name\n111122223333,Zürich\n".encode("latin-1"), "is not UTF-8 text", "CSV UTF-8"),
    "Latin-1 in JSON": ('[{"id": "111122223333", "name": "Zürich"}]'.encode("latin-1"), "is not UTF-8", "as UTF-8"),
}


@pytest.mark.parametrize(("content", "message", "hint"), BAD.values(), ids=BAD)
def test_a_wrong_value_is_one_clear_error(tmp_path: Path, content: str | bytes, message: str, hint: str) -> None:
    with pytest.raises(SourceError) as raised:
        read(tmp_path, content)
    assert raised.value.message.startswith(str(tmp_path / "accounts.csv"))
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert raised.value.hint
    if isinstance(content, str) and content.lstrip()[:1] in ("{", "["):
        assert not {"CSV", "column", "line", "Spreadsheets"} & set(re.findall(r"\w+", raised.value.hint))
    assert "secret" not in raised.value.message + raised.value.hint


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_accounts_file(str(tmp_path / "none.csv"))
