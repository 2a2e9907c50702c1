"""Reading conformance packs of AWS Config: their rules and parameters, and what in them is out of scope.

https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from auditor.selection.packs.model import Counts, Pack, PackFile
from auditor.selection.packs.resources import InnerPack, Resources
from auditor.templates.errors import UnknownValueError
from auditor.templates.functions import Template
from auditor.templates.nodes import read_text
from auditor.templates.parameters import Given, parameter_names
from auditor.templates.pseudo import STACK_NAME
from auditor.templates.values import Items, Node, Scalar, Table, Unknown

_KIND = "conformance pack"
_NAMES = ("ConformancePackName", "OrganizationConformancePackName")
_ELSEWHERE = ("TemplateS3Uri", "TemplateSSMDocumentDetails")

Known = Mapping[str, str]
"""The known pseudo parameters of the account, by name."""


def packs_of(file: PackFile, known: Known = MappingProxyType({})) -> tuple[Pack, ...]:
    """Return the pack in a file, and the packs in its AWS::Config::ConformancePack resources.

    Raises TemplateError that names the file, and the line if there is one, for anything that AWS would reject. A value
    that only AWS knows makes the rules that depend on it undecided, and no others.
    """
    name = Path(file.path).stem
    template = Template(
        file.document, file.path, file.given, option="--pack-parameter", known={**known, STACK_NAME: name}
    )
    resources = Resources(template, file.document)
    pack = resources.pack(name, file.path)
    inner = list(_inner_packs(_Outer(pack, template, resources, known)))
    awaited = frozenset(template.awaited)  # also by the parameters of the packs within it
    inner = [replace(each, awaited=each.awaited | awaited) for each in inner]
    pack = replace(pack, notes=(*pack.notes, *file.notes), awaited=awaited)
    holds_nothing = not (pack.counts.config_rules or pack.counts.switched_off or pack.notes)
    return tuple(inner) if inner and holds_nothing else (pack, *inner)


class _Outer(Struct, frozen=True):
    """Hold the pack of a file while the packs within it are read."""

    pack: Pack
    template: Template
    resources: Resources
    known: Known


def _inner_packs(outer: _Outer) -> Iterator[Pack]:
    taken: set[str] = set()
    for each in outer.resources.inner:
        properties = _properties(outer, each)
        own = _own_name(outer, properties) or each.logical_id
        own = each.logical_id if own in taken else own
        taken.add(own)
        yield _inner_pack(outer, each, own, properties)


def _properties(outer: _Outer, each: InnerPack) -> Mapping[str, Node]:
    try:
        return outer.template.section(each.resource, "Properties")
    except UnknownValueError:
        return {}


def _own_name(outer: _Outer, properties: Mapping[str, Node]) -> str | None:
    node = next((properties[name] for name in _NAMES if name in properties), None)
    try:
        return None if node is None else outer.template.text(node, "the name of the pack").strip()
    except UnknownValueError:
        return None


def _inner_pack(outer: _Outer, each: InnerPack, own: str, properties: Mapping[str, Node]) -> Pack:
    """Return a pack within a template; if its own template is somewhere else, it has one undecided rule."""
    name, path, line = f"{outer.pack.name}/{own}", outer.pack.path, each.resource.line
    try:
        body = outer.template.text(_body(outer, each, properties), "TemplateBody")
    except UnknownValueError as error:
        stand_in = outer.resources.undecided(own, error.unknown, "the template of the pack")
        return Pack(name, path, (stand_in,), (), Counts(1, 0, 0), frozenset(), ())
    place = f"{path}, TemplateBody of line {properties['TemplateBody'].line}"
    document = read_text(body, place, _KIND)
    if not isinstance(document, Table):
        remedy = "A conformance pack is a mapping with a key Resources."
        raise outer.template.fault(line, f"the TemplateBody of {each.logical_id} is no {_KIND}", remedy)
    template = Template(document, place, _given(outer, properties, document), known={**outer.known, STACK_NAME: own})
    pack = Resources(template, document, doubt=each.doubt, within=True).pack(name, path)
    return replace(pack, parameter_names=frozenset())


def _body(outer: _Outer, each: InnerPack, properties: Mapping[str, Node]) -> Node:
    """Return the template of a pack; an Unknown if it is somewhere else."""
    if "TemplateBody" in properties:
        return properties["TemplateBody"]
    for key in _ELSEWHERE:
        if key in properties:
            return Unknown(
                f"{key} is not read; save that template, and name it with --conformance-pack", properties[key].line
            )
    if not properties:
        return Unknown("the properties of the pack are known only within AWS", each.resource.line)
    problem = f"{each.logical_id} has no TemplateBody"
    raise outer.template.fault(each.resource.line, problem, "Write the template there, or name its file instead.")


def _given(outer: _Outer, properties: Mapping[str, Node], document: Table) -> Given:
    """Return the values that a template sets for the parameters of a pack within it."""
    node = properties.get("ConformancePackInputParameters")
    value = None if node is None else outer.template.resolved(node)
    if value is None or (isinstance(value, Scalar) and not value.text):
        return {}
    if isinstance(value, Unknown):
        return dict.fromkeys(parameter_names(document), value)
    if not isinstance(value, Items):
        raise outer.template.fault(value.line, "ConformancePackInputParameters is no list", "Write it as a list.")
    given: dict[str, str | Unknown] = {}
    for item in value.items:
        if isinstance(item, Unknown):
            return dict.fromkeys(parameter_names(document), item)
        entries = outer.template.table(item, "an item of ConformancePackInputParameters").entries
        name, set_to = (
            entries.get("ParameterName", Scalar("", item.line)),
            entries.get("ParameterValue", Scalar("", item.line)),
        )
        if isinstance(name, Unknown):
            return dict.fromkeys(parameter_names(document), name)
        given[_text(outer, name)] = set_to if isinstance(set_to, Unknown) else _text(outer, set_to)
    return given


def _text(outer: _Outer, node: Node) -> str:
    if not isinstance(node, Scalar):
        raise outer.template.fault(node.line, "a parameter of a pack is no plain value", "Write one text.")
    return node.text or ""
