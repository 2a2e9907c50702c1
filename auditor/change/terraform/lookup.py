"""Looking up values of a Terraform plan: texts, lists and documents, with references to planned resources resolved."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import structs

from auditor.change.terraform.policy_documents import of_data_source
from auditor.change.terraform.references import References
from auditor.change.terraform.resources import Resource, concerns_iam, configured_address, resource
from auditor.change.values import UNREADABLE, Hidden, Text, Unknown, hidden_texts
from auditor.documents import FAULTS, check_depth


class Lookup:
    """Hold the resources of a plan by address, and look up their values."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        everything = plan.get("resource_changes") or ()
        entries = [each for each in everything if not each.get("deposed")]
        configuration = plan.get("configuration") or {}
        addresses = [str(each.get("address", "")) for each in entries]
        self.references = References(configuration, addresses)
        self.root_module: Mapping[str, Any] = configuration.get("root_module") or {}
        self.providers: Mapping[str, Any] = configuration.get("provider_config") or {}
        self.resources = {
            address: self._read(each) for address, each in zip(addresses, entries, strict=True) if concerns_iam(each)
        }
        self.deposed = tuple(self._deposed(each) for each in everything if each.get("deposed") and concerns_iam(each))
        """The objects that failed replacements left behind; Terraform deletes them with the next apply."""
        self.secrets: set[str] = set(_sensitive_variables(plan))

    def _read(self, entry: Mapping[str, Any]) -> Resource:
        configured = self.references.configured.get(configured_address(str(entry.get("address", ""))))
        return resource(entry, configured if self.root_module else None)

    def _deposed(self, entry: Mapping[str, Any]) -> Resource:
        address = str(entry.get("address", ""))
        found = resource(entry, self.references.configured.get(configured_address(address)))
        return structs.replace(found, address=f"{address} (deposed {entry['deposed']})")

    def region_of(self, of: Resource) -> str | None:
        """Return the Region of a resource, None if the plan does not show it."""
        own = (of.after or of.before or {}).get("region")
        if isinstance(own, str):
            return own
        given = ((self.providers.get(of.provider_key) or {}).get("expressions") or {}).get("region")
        found = given.get("constant_value") if isinstance(given, Mapping) else None
        return found if isinstance(found, str) else None

    def text(self, of: Resource, name: str) -> Text | None:
        """Return a text after the change, None if it is null, empty or left out."""
        value = of.planned(name)
        if isinstance(value, Unknown):
            return self._referred(of, name)
        return value if isinstance(value, str) and value else None

    def named(self, of: Resource, name: str) -> Text:
        """Return a required text, such as the user of a membership."""
        value = self.text(of, name)
        return value if value is not None else Unknown(f"{of.address}: {name} is not in the plan")

    def _referred(self, of: Resource, name: str) -> Unknown:
        why = f"{of.address}: {name} is known only after apply"
        return Unknown(why, self.references.target(of, (of.expressions or {}).get(name)))

    def texts(self, of: Resource, name: str) -> tuple[Text, ...] | Unknown:
        """Return the texts of a list after the change, without null and ""; Unknown if the list itself is unknown."""
        value = of.planned(name)
        if isinstance(value, Unknown) and self._is_written_empty(of, name):
            return ()
        if not isinstance(value, list | None):
            return structs.replace(self._referred(of, name), entity=None)
        unknown = [each for each in value or () if isinstance(each, Unknown)]
        one = self._referred(of, name) if unknown else None
        if one is not None and len(unknown) > 1:
            one = structs.replace(one, entity=None)
        return tuple(
            one if isinstance(each, Unknown) and one else each for each in value or () if each not in (None, "")
        )

    def _is_written_empty(self, of: Resource, name: str) -> bool:
        """Return whether the configuration sets an empty list; the plan shows it as unknown for a new resource."""
        expression = (of.expressions or {}).get(name)
        return isinstance(expression, Mapping) and expression.get("constant_value") == [] and of.is_new

    def document(self, of: Resource, name: str) -> Any:
        """Return a policy document after the change: its JSON, a mapping with Unknown parts, or Unknown."""
        value = of.planned(name)
        if not isinstance(value, Unknown):
            return self.parsed(value, f"{of.address}: {name}")
        referred = self._referred(of, name)
        source = self.resources.get(referred.entity or "")
        if source is None or source.type != "aws_iam_policy_document":
            return structs.replace(referred, entity=None)
        found = of_data_source(source)
        self.secrets.update(hidden_texts(found))
        return found

    def parsed(self, text: Any, place: str) -> Any:
        """Return the parsed JSON of a known document, Unknown if it is not valid JSON."""
        if not isinstance(text, str):
            return Unknown(f"{place} is {UNREADABLE}")
        try:
            value = json.loads(text)
            check_depth(value)
        except FAULTS:
            value = None
        if not isinstance(value, dict):
            return Unknown(f"{place} is {UNREADABLE}")
        if isinstance(text, Hidden):
            self.secrets.update({str(text), *_leaves(value)})
        return msgspec.json.format(text.strip().encode("utf-8", "replace"), indent=-1)

    def tags(self, of: Resource) -> Any:
        """Return the tags after the change, including the default tags of the provider."""
        everything, own = of.planned("tags_all"), (of.after or {}).get("tags")
        if isinstance(everything, Mapping):
            return everything
        provider = self.providers.get(of.provider_key) or {}
        if isinstance(own, Unknown) or "default_tags" in (provider.get("expressions") or {}):
            return Unknown(f"{of.address}: its tags are known only after apply")
        return own or {}


def _sensitive_variables(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of sensitive root variables, which the plan contains in clear text."""
    declared = ((plan.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    given = plan.get("variables") or {}
    for name, each in declared.items():
        if isinstance(each, Mapping) and each.get("sensitive"):
            yield from _leaves([(given.get(name) or {}).get("value"), each.get("default")])


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(each)
