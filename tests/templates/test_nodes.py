"""Documents with lines: each mistake is one error that keeps its parts, and names what the file should have been."""

from pathlib import Path

import pytest

from auditor.templates.errors import TemplateError
from auditor.templates.nodes import MAX_BYTES, read_document


def refused(path: Path, *kind: str) -> TemplateError:
    """Return the error that reading a file ends with."""
    with pytest.raises(TemplateError) as caught:
        read_document(str(path), *kind)
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "any.yaml"


def test_an_error_keeps_its_parts(path: Path) -> None:
    path.write_text("a: b\na: c\n")
    error = refused(path)
    assert (error.place, error.line) == (str(path), 2)
    assert error.problem == "'a' stands here again, after line 1"
    assert error.remedy == error.hint == "Keep one of the two."
    assert error.message == f"{path}, line 2: {error.problem}"
    assert error.exit_code == 2


KIND = ("Terraform plan", "resource_changes")
OF_A_KIND = {
    "no file": (None, None, "cannot be read: No such file or directory", "Name the file of a Terraform plan."),
    "nothing": ("", None, "is empty", "Name the file of a Terraform plan."),
    "a list": ("[]", 1, "this is not a Terraform plan", "A Terraform plan is a mapping with a key resource_changes."),
    "too much": (
        "#" * (MAX_BYTES + 1),
        None,
        "is larger than 1,048,576 bytes",
        "A Terraform plan is smaller; is it one?",
    ),
    "too deep": ("[" * 60, 1, "this is nested deeper than 40 levels", "No Terraform plan is."),
}


@pytest.mark.parametrize("case", OF_A_KIND)
def test_an_error_names_what_the_file_should_have_been(case: str, path: Path) -> None:
    text, *parts = OF_A_KIND[case]
    if text is not None:
        path.write_text(text)
    error = refused(path, *KIND)
    assert [error.line, error.problem, error.remedy] == parts
    assert "pack" not in error.message.removeprefix(str(path))
