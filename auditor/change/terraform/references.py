"""The references of a Terraform configuration: which planned resource an unknown value comes from.

The plan's JSON shows the names in an expression, but not how it uses them. An expression with a single name is assumed
to be equal to it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.change.terraform.resources import Resource, configured_address

_IN_BRACKETS = r"(?P<index>\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\])?"
_PARTS = re.compile(rf"^(?P<base>(?:data\.)?[\w-]+\.[\w-]+){_IN_BRACKETS}(?:\.(?P<attribute>.+))?$")
_MODULE = re.compile(rf"^module\.(?P<name>[\w-]+){_IN_BRACKETS}\.(?P<output>[\w-]+)")
_STEP = re.compile(r"module\.([\w-]+)((?:\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\])?)\.?")
_OF_INSTANCE = ("count.index", "each.key", "each.value")
_NAMING = frozenset({"name", "id", "arn", "json", "minified_json"})
"""The attributes that identify a resource, or contain the text of a document."""
_MAX_STEPS = 40  # the longest chain of variables and outputs


class References:
    """Resolve expressions through variables and outputs to the addresses of resources."""

    def __init__(self, configuration: Mapping[str, Any], addresses: Sequence[str]) -> None:
        root = configuration.get("root_module")
        self._root: Mapping[str, Any] = root if isinstance(root, Mapping) else {}
        self._addresses = frozenset(addresses)
        self.configured = dict(_resources(self._root, ""))

    def target(self, resource: Resource, expression: Any) -> str | None:
        """Return the address of the only resource that an expression uses; None if it uses none or several."""
        module = resource.address[: _module_end(resource.address)]
        return self._target(module, expression, _key(resource.address), resource, _MAX_STEPS)

    def _target(self, module: str, expression: Any, key: str, resource: Resource | None, left: int) -> str | None:
        names = _names(expression)
        used = [name for name in names if not name.startswith(_OF_INSTANCE)]
        if left == 0 or len(used) > 1:
            return None
        if not used:
            return self._each(module, names, key, resource, left) if names else None
        (name,) = used
        if name.startswith("var."):
            return self._variable(module, name.removeprefix("var.").split(".")[0].split("[")[0], left)
        found = _MODULE.match(name)
        if found is not None:
            return self._output(module, found, key, left)
        return self._instance(module, name, key, of_instance=len(names) > 1)

    def _each(self, module: str, names: Sequence[str], key: str, resource: Resource | None, left: int) -> str | None:
        """Return the resource that `each.value` refers to, if for_each iterates over the instances of one resource."""
        if resource is None or not any(name.startswith("each.value") for name in names):
            return None
        configured = self.configured.get(configured_address(resource.address), {})
        base = self._base(module, configured.get("for_each_expression"))
        address = f"{base}{key}" if base is not None else None
        return address if address in self._addresses and left else None

    def _base(self, module: str, expression: Any) -> str | None:
        names = _names(expression)
        found = _PARTS.match(names[0]) if len(names) == 1 else None
        return f"{module}{found['base']}" if found is not None and found["index"] is None else None

    def _variable(self, module: str, name: str, left: int) -> str | None:
        """Return the resource that the caller of a module passes as a variable."""
        steps = _STEP.findall(module)
        if not steps:
            return None
        parent = "".join(f"module.{step}{index}." for step, index in steps[:-1])
        call = self._call(steps)
        return self._target(parent, (call.get("expressions") or {}).get(name), steps[-1][1], None, left - 1)

    def _output(self, module: str, found: re.Match[str], key: str, left: int) -> str | None:
        steps = [*_STEP.findall(module), (found["name"], "")]
        call = self._call(steps)
        several = "for_each_expression" in call or "count_expression" in call
        index = found["index"] or ""
        if several and (not index or "." in index):
            return None
        outputs = (call.get("module") or {}).get("outputs") or {}
        expression = (outputs.get(found["output"]) or {}).get("expression")
        return self._target(f"{module}module.{found['name']}{index}.", expression, key, None, left - 1)

    def _call(self, steps: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
        held: Mapping[str, Any] = self._root
        call: Mapping[str, Any] = {}
        for name, _ in steps:
            call = (held.get("module_calls") or {}).get(name) or {}
            held = call.get("module") or {}
        return call

    def _instance(self, module: str, name: str, key: str, *, of_instance: bool) -> str | None:
        found = _PARTS.match(name)
        if found is None or (found["attribute"] or "name") not in _NAMING:
            return None
        index = found["index"] or (key if of_instance else "")
        wanted = f"{module}{found['base']}{index}"
        return wanted if wanted in self._addresses else None


def steps_of(address: str) -> tuple[list[str], str]:
    """Return the names of the modules in an address, and the rest of the address without keys."""
    end = _module_end(address)
    return [name for name, _ in _STEP.findall(address[:end])], configured_address(address[end:])


def _module_end(address: str) -> int:
    """Return the index at which the module part of an address ends."""
    end = 0
    while (found := _STEP.match(address, end)) is not None:
        end = found.end()
    return end


def _key(address: str) -> str:
    """Return the instance key in an address, such as [0]; empty for a resource without instances."""
    return address[address.index("[", _module_end(address)) :] if "[" in address[_module_end(address) :] else ""


def _names(expression: Any) -> list[str]:
    """Return the names in an expression, without those that are a prefix of another."""
    if not isinstance(expression, Mapping):
        return []
    names = [str(name) for name in expression.get("references") or ()]
    return [name for name in names if not any(other.startswith((f"{name}.", f"{name}[")) for other in names)]


def _resources(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in module.get("resources") or ():
        yield f"{prefix}{each.get('address')}", each
    for name, call in (module.get("module_calls") or {}).items():
        yield from _resources(call.get("module") or {}, f"{prefix}module.{name}.")
