"""Functions of templates: what an error suggests is what the caller can do."""

from pathlib import Path

import pytest

from auditor.templates.errors import TemplateError
from auditor.templates.functions import Template
from auditor.templates.nodes import read_document
from auditor.templates.values import Table, Unknown


def document(folder: Path, text: str) -> Table:
    path = folder / "template.yaml"
    path.write_text(text)
    return read_document(str(path))


REMEDIES = {"--value": "--value Length=VALUE gives it", "": ""}


@pytest.mark.parametrize("option", REMEDIES, ids=["an option", "no option"])
def test_a_parameter_without_a_value_can_be_given_where_the_caller_has(option: str, tmp_path: Path) -> None:
    table = document(tmp_path, "Parameters: {Length: {Type: String}}\nResult: !Ref Length\n")
    value = Template(table, "template.yaml", {}, option=option).resolved(table.entries["Result"])
    assert isinstance(value, Unknown)
    assert value.reason == "line 1: the parameter Length has no default and was not given"
    assert value.remedy == REMEDIES[option]


CONDITIONS = {
    "a condition": "{Condition: NEXT}",
    "functions": "{'Fn::And': [" * 18 + "{Condition: NEXT}" + "]}" * 18,
    "lists of what is compared": "{'Fn::Equals': [" + "[" * 32 + "{'Fn::If': [NEXT, a, b]}" + "]" * 32 + ", a]}",
    "mappings of what is compared": "{'Fn::Equals': [" + "{a: " * 32 + "{'Fn::If': [NEXT, a, b]}" + "}" * 32 + ", a]}",
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_conditions_rest_on_each_other_to_a_limit_that_is_not_pythons(case: str, tmp_path: Path) -> None:
    names = "".join(f"  c{n}: {CONDITIONS[case].replace('NEXT', f'c{n + 1}')}\n" for n in range(200))
    template = Template(document(tmp_path, f"Conditions:\n{names}  c200: !Equals [a, a]\n"), "template.yaml", {})
    with pytest.raises(TemplateError, match="functions are nested deeper than 150 levels"):
        template.holds("c0", 1)


def test_conditions_may_rest_on_each_other_150_levels_deep(tmp_path: Path) -> None:
    names = "".join(f"  c{n}: {{Condition: c{n + 1}}}\n" for n in range(149))
    template = Template(document(tmp_path, f"Conditions:\n{names}  c149: !Equals [a, a]\n"), "template.yaml", {})
    assert template.holds("c0", 1)


def test_a_condition_that_is_not_understood_is_called_that_each_time(tmp_path: Path) -> None:
    template = Template(document(tmp_path, "Conditions:\n  c: {'Fn::Some': []}\n"), "template.yaml", {})
    for _ in range(2):
        with pytest.raises(TemplateError, match="Fn::Some is no condition"):
            template.holds("c", 2)
