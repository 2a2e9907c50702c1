"""Documents with lines: each mistake is one error that keeps its parts, and names what the file should have been."""

from pathlib import Path

import pytest
import yaml

from auditor.templates import nodes
from auditor.templates.errors import TemplateError
from auditor.templates.nodes import MAX_BYTES, Items, Node, Scalar, Table, read_document


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
    assert error.problem == "'a' is repeated here, after line 1"
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


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _composer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read with PyYAML's composer in C, then with the one in Python that takes its place where there is no C."""
    monkeypatch.setattr(nodes, "_LOADER", nodes._loader(getattr(yaml, request.param)))


def plain(node: Node) -> object:
    """Return the values of a node without their lines."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    assert isinstance(node, Table)
    return {key: plain(value) for key, value in node.entries.items()}


VALUES = {
    "words for yes and no": ("[yes, Off, 'yes', y]", ["true", "false", "yes", "y"]),
    "nothing": ("[~, null, 'null', ]", [None, None, "null"]),
    "numbers": ("[010, 0x1F, 1_000, 1:30, 1.50, '010']", ["8", "31", "1000", "90", "1.50", "010"]),
    "a number that is too long": (f"[1{'0' * 100}]", [f"1{'0' * 100}"]),
    "numbers without digits": ("[0x_, -0b_, 0_]", ["0x_", "-0b_", "0"]),
    "tags of YAML": ("[!!str 010, !!int '010', ! 010]", ["010", "010", "8"]),
    "functions": ("[!Ref a, !Sub b, !If [c, d]]", [{"Ref": "a"}, {"Fn::Sub": "b"}, {"Fn::If": ["c", "d"]}]),
    "a function of a mapping": ("!Transform {Name: n}", {"Fn::Transform": {"Name": "n"}}),
    "keys, which are text": ("{yes: a, 010: b, ~: c, '<<': d}", {"yes": "a", "010": "b", "~": "c", "<<": "d"}),
    "an anchor that nothing refers to": ("&here [x]", ["x"]),
    "as many levels as may be": ("[" * 39 + "x" + "]" * 39, None),
}


@pytest.mark.usefixtures("_composer")
@pytest.mark.parametrize("case", VALUES)
def test_values_become_the_text_that_cloudformation_makes_of_them(case: str, path: Path) -> None:
    text, expected = VALUES[case]
    path.write_text(f"a: {text}\n")
    value = plain(read_document(str(path)).entries["a"])
    assert value == expected or expected is None


@pytest.mark.usefixtures("_composer")
def test_a_value_has_the_line_of_its_key_and_an_item_its_own(path: Path) -> None:
    path.write_text("# first\na:\n  - b\n  -\n    !Ref c\nd:\n\n  >-\n  e\n  f\ng: {h: i,\n  j: k}\n")
    expected: dict[str, Node] = {
        "a": Items((Scalar("b", 3), Table({"Ref": Scalar("c", 5)}, 5)), 2),
        "d": Scalar("e f", 6),
        "g": Table({"h": Scalar("i", 11), "j": Scalar("k", 12)}, 11),
    }
    assert read_document(str(path)) == Table(expected, 2)


LAUGHS = "a: &a0 [x, x]\n" + "".join(f"b{n}: &a{n} [{f'*a{n - 1}, ' * 10}]\n" for n in range(1, 30))

REFUSED = {
    "an alias": ("a: &x b\nc:\n  - d\n  - *x\n", 4, "this is an alias"),
    "an alias as a key": ("a: &x b\n*x : c\n", 2, "this is an alias"),
    "an alias of what holds it": ("a: &x\n  - *x\n", 2, "this is an alias"),
    "an alias of nothing": ("a: b\nc: *x\n", 2, "this is an alias"),
    "aliases that multiply": (LAUGHS, 2, "this is an alias"),
    "an anchor twice": ("a: &x b\n\nc: &x d\n", 3, "this anchor is defined again, after line 1"),
    "a key twice": ("a: b\n'a': c\n", 2, "'a' is repeated here, after line 1"),
    "a key twice in a list": ("a:\n  - {b: c, b: d}\n", 2, "'b' is repeated here, after line 2"),
    "a merge key": ("a:\n  <<: {b: c}\n", 2, "'<<' merges mappings"),
    "a key that is a list": ("a: b\n[c]: d\n", 2, "a key must be a plain word"),
    "an unknown tag": ("a:\n  - !Fn b\n", 2, "there is no tag !Fn"),
    "an unknown tag of a list": ("a:\n  - !Fn []\n", 2, "there is no tag !Fn"),
    "a tag of Python": ("a: !!python/name:os.system ''\n", 1, "there is no tag !!python/name:os.system"),
    "two documents": ("a: b\n---\nc: d\n", 2, "a second document begins here"),
    "three documents": ("a: b\n---\nc: d\n---\ne: f\n", 2, "a second document begins here"),
    "a document after the end of one": ("a: b\n...\n--- c\n", 3, "a second document begins here"),
    "nothing between two marks": ("---\n...\n---\na: b\n", 3, "a second document begins here"),
    "an end without a beginning": ("a: b\n]\n", 2, "this is not YAML: "),
    "a null character": ("a: b\nc: \0\n", 2, "the character '\\x00' is not allowed in YAML"),
    "lists in lists": ("a: " + "[\n" * 10_000, 40, "this is nested deeper than 40 levels"),
    "lists in lists on one line": ("a: " + "[" * 10_000, 1, ""),
    "lists in lists by dashes": ("- " * 10_000, 1, "this is nested deeper than 40 levels"),
    "mappings in mappings": ("{a: " * 10_000, 1, ""),
    "mappings in mappings by lines": (
        "".join(f"{' ' * n}a:\n" for n in range(1_000)),
        41,
        "this is nested deeper than 40 levels",
    ),
    "keys in keys": ("? " * 10_000, 1, "this is nested deeper than 40 levels"),
    "one level too many": ("a: " + "[" * 40 + "x" + "]" * 40, 1, "this is nested deeper than 40 levels"),
}


@pytest.mark.usefixtures("_composer")
@pytest.mark.parametrize("case", REFUSED)
def test_what_cloudformation_does_not_take_is_refused_with_its_line(case: str, path: Path) -> None:
    text, line, problem = REFUSED[case]
    path.write_text(text)
    error = refused(path)
    assert error.line == line
    assert error.problem.startswith(problem)
