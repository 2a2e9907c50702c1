"""The resources of a Terraform plan: their values before and after, with unknown and sensitive values marked."""

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from msgspec import Struct

from auditor.change.values import Hidden, Unknown

_LEFT_OFF = frozenset(
    {"require_symbols", "require_numbers", "require_uppercase_characters", "require_lowercase_characters"}
    | {"max_password_age", "password_reuse_prevention", "hard_expiry", "managed_policy_arns", "inline_policy"}
)
"""Attributes that the plan shows as unknown for a new resource if they are left out, although they are not set."""
_TOUCHING = re.compile(
    r"aws_iam_|aws_accessanalyzer_|awscc_iam_|awscc_accessanalyzer_|aws_cloudformation_stack|"
    r"awscc_cloudformation_stack|aws_servicecatalog_provisioned_product|"
    r"aws_serverlessapplicationrepository_cloudformation_stack|aws_cloudcontrolapi_resource"
)
"""The resource types that may change something in IAM."""
_INDEX = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\]")


class Resource(Struct, frozen=True, kw_only=True):
    """Hold one entry of resource_changes.

    `before` and `after` are None if the object does not exist then. `expressions` are those of the configuration, None
    if the plan does not contain them.
    """

    address: str
    type: str
    mode: str
    index: object
    actions: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    expressions: Mapping[str, Any] | None
    provider: str
    provider_key: str

    def planned(self, name: str) -> Any:
        """Return the value after the change: None if null or left out, Unknown if known only after apply."""
        value = (self.after or {}).get(name)
        left_off = name in _LEFT_OFF and self.expressions is not None and name not in self.expressions
        return None if isinstance(value, Unknown) and self.is_new and left_off else value

    @property
    def is_new(self) -> bool:
        """Return whether the change creates an object that keeps nothing of an old one."""
        return self.before is None or "create" in self.actions

    def previous(self, name: str) -> Any:
        """Return the value before the change."""
        return (self.before or {}).get(name)


def concerns_iam(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of resource_changes may change something in IAM, or is a policy document."""
    kind = str(entry.get("type", ""))
    if entry.get("mode", "managed") == "managed":
        return touches_iam(kind)
    return kind == "aws_iam_policy_document"


def touches_iam(kind: str) -> bool:
    """Return whether resources of a type may change something in IAM."""
    return _TOUCHING.match(kind) is not None


def configured_address(address: str) -> str:
    """Return the address of a resource in the configuration, which has no instance keys."""
    return _INDEX.sub("", address)


def resource(entry: Mapping[str, Any], configured: Mapping[str, Any] | None) -> Resource:
    """Return an entry of resource_changes as a Resource; `configured` is its block in the configuration."""
    change = entry.get("change") or {}
    address = str(entry.get("address", ""))
    expressions = None if configured is None else configured.get("expressions") or {}
    before = change.get("before")
    after = change.get("after")
    unknown = change.get("after_unknown")
    known_after = marked(after if after is not None else {}, unknown, change.get("after_sensitive"), address)
    has_after = after is not None or unknown is True or bool(isinstance(unknown, dict) and unknown)
    return Resource(
        address=address,
        type=str(entry.get("type", "")),
        mode=str(entry.get("mode", "managed")),
        index=entry.get("index"),
        actions=tuple(map(str, change.get("actions") or ())),
        before=marked(before, None, change.get("before_sensitive"), address) if isinstance(before, dict) else None,
        after=known_after if has_after and isinstance(known_after, dict) else None,
        expressions=expressions,
        provider=str(entry.get("provider_name", "")),
        provider_key=str((configured or {}).get("provider_config_key", "")),
    )


def marked(value: Any, unknown: Any, sensitive: Any, place: str) -> Any:
    """Return a value with its unknown parts as Unknown and its sensitive texts as Hidden, by the masks of the plan."""
    if unknown is True:
        return Unknown(f"{place} is known only after apply")
    if isinstance(value, Mapping) or isinstance(unknown, Mapping):
        return _marked_object(value, unknown, sensitive, place)
    if isinstance(value, list):
        masks = (_items(unknown), [sensitive] * len(value) if sensitive is True else _items(sensitive))
        rows = list(zip_longest(value, *masks))[: max(len(value), len(masks[0]))]
        return [marked(*row, place) for row in rows]
    if _some(unknown):  # a list that is missing in the plan
        return Unknown(f"{place} is known only after apply")
    return Hidden(value) if sensitive is True and isinstance(value, str) else value


def _marked_object(value: Any, unknown: Any, sensitive: Any, place: str) -> dict[str, Any]:
    held = value if isinstance(value, Mapping) else {}
    masks = unknown if isinstance(unknown, Mapping) else {}
    names = {**held, **{name: None for name, mask in masks.items() if mask is not False}}

    def of(name: str) -> Any:
        hidden = sensitive if sensitive is True else sensitive.get(name) if isinstance(sensitive, Mapping) else None
        return marked(held.get(name), masks.get(name), hidden, f"{place}.{name}" if "." in place else place)

    return {name: of(name) for name in names if name in held or masks.get(name) is True or _some(masks.get(name))}


def _some(mask: Any) -> bool:
    """Return whether a mask marks anything."""
    if isinstance(mask, Mapping):
        return any(map(_some, mask.values()))
    return any(map(_some, mask)) if isinstance(mask, list) else mask is True


def _items(mask: Any) -> Sequence[Any]:
    return mask if isinstance(mask, list) else []
