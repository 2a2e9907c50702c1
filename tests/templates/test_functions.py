"""Functions of templates: what an error suggests is what the caller can do."""

from pathlib import Path

import pytest

from auditor.templates.errors import TemplateError
from auditor.templates.functions import Template
from auditor.templates.nodes import Table, read_document


def document(folder: Path, text: str) -> Table:
    path = folder / "template.yaml"
    path.write_text(text)
    return read_document(str(path))


REMEDIES = {"--value": "Give it with --value Length=VALUE.", "": "Write a Default for it."}


@pytest.mark.parametrize("option", REMEDIES, ids=["an option", "no option"])
def test_a_parameter_without_a_value_can_be_given_where_the_caller_has(option: str, tmp_path: Path) -> None:
    table = document(tmp_path, "Parameters: {Length: {Type: String}}\nResult: !Ref Length\n")
    with pytest.raises(TemplateError) as caught:
        Template(table, "template.yaml", {}, option=option).text(table.entries["Result"], "Result")
    assert (caught.value.line, caught.value.remedy) == (1, REMEDIES[option])


def test_a_condition_that_is_not_understood_is_called_that_each_time(tmp_path: Path) -> None:
    template = Template(document(tmp_path, "Conditions:\n  c: {'Fn::Some': []}\n"), "template.yaml", {})
    for _ in range(2):
        with pytest.raises(TemplateError, match="Fn::Some is no condition"):
            template.holds("c", 2)
