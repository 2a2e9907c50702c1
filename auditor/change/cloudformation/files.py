"""The files that describe a CloudFormation change: templates, change sets, and a template with its change set."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from auditor import documents
from auditor.change.cloudformation import reading, stack_changes
from auditor.change.cloudformation.change_set import ChangeSet, change_set_of
from auditor.change.steps import Change, Opened
from auditor.templates.parameters import parameter_names
from auditor.templates.pseudo import REGION, pseudo_parameters
from auditor.templates.values import Scalar, Table

Given = Mapping[str, Mapping[str, str]]
"""Values of parameters by template and name."""


class File(Struct, frozen=True):
    """Hold a file: a template, or a change set."""

    path: str
    document: Table | None
    change_set: ChangeSet | None = None

    @property
    def parameters(self) -> frozenset[str]:
        """Return the names of the parameters that can be given: those of a template, and AWS::Region."""
        return frozenset() if self.document is None else parameter_names(self.document) | {REGION}


def read(path: str) -> File:
    """Return the content of a file; raise AuditError if it is neither a template nor a complete change set."""
    content = documents.read(path, path)
    found = change_set_of(content, path)
    return File(path, None, found) if found is not None else File(path, reading.document_of(path, content))


def opened(files: Sequence[File], given: Given) -> Sequence[Opened]:
    """Return for each file a function that returns the change it makes to the given account.

    A template directly before a change set that deploys it is read as part of that, and changes nothing by itself.
    """
    described = frozenset(each.change_set.id for each in files if each.change_set is not None)
    templates = {second.path: first for first, second in pairwise(files) if belongs(first, second)}
    paired = {each.path for each in templates.values()}
    made: list[Opened] = []
    for each in files:
        if each.change_set is not None:
            template = templates.get(each.path)
            pair = _paired(template, each.change_set, given) if template is not None else None
            made.append(stack_changes.opened(each.path, each.change_set, described, pair))
        elif each.document is not None:
            alone = reading.opened(each.path, each.document, given.get(each.path, {}))
            made.append(_nothing(each.path) if each.path in paired else alone)
    return made


def belongs(template: File, change_set: File) -> bool:
    """Return whether a template declares all resources that a change set adds or modifies; False if there are none."""
    if template.document is None or change_set.change_set is None:
        return False
    resources = template.document.entries["Resources"]
    types = {
        each.logical_resource_id: each.resource_type
        for each in change_set.change_set.changes
        if each.action in ("Add", "Modify")
    }
    return bool(types) and all(_type_of(resources, name) == kind for name, kind in types.items())


def _type_of(resources: object, name: str) -> str | None:
    node = resources.entries.get(name) if isinstance(resources, Table) else None
    kind = node.entries.get("Type") if isinstance(node, Table) else None
    return kind.text if isinstance(kind, Scalar) else None


def _paired(template: File, change_set: ChangeSet, given: Given) -> stack_changes.Paired | None:
    """Return the resources that a template declares, with the parameters of a change set."""
    if template.document is None:
        return None
    known = pseudo_parameters(change_set.account_id, change_set.partition, change_set.region)
    known |= {"AWS::StackName": change_set.stack_name, "AWS::StackId": change_set.stack_id}
    names = parameter_names(template.document)
    values = {name: value for name, value in change_set.parameters.items() if name in names}
    values |= given.get(template.path, {})
    return stack_changes.Paired(template.path, reading.declared(template.path, template.document, values, known))


def _nothing(path: str) -> Callable[[object], Change]:
    return lambda _account: Change(file=path, steps=())
