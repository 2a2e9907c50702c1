"""Parameters: what is required, what holds by default, and what is refused, for values of every type."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct, defstruct, to_builtins
from msgspec.structs import replace

from auditor.account.kinds import ResourceType
from auditor.account.unknown import UnknownFact
from auditor.errors import AuditError, UsageError
from auditor.judging.parameters import GivenBy, ParameterError, configure, needed, readable
from auditor.judging.rule import Rule, Severity, compliant


class Usage(StrEnum):
    """A closed set of values."""

    ANY = "ANY"
    IAM_USER = "IAM_USER"


class Parameters(Struct, frozen=True):
    """One parameter of each form."""

    names: tuple[str, ...]
    days: Annotated[int, Meta(ge=1, le=100, extra={"printed_default": "90"})]
    arns: Annotated[tuple[str, ...], Meta(extra={"printed_default": "arn:a, arn:b"})]
    strict: bool = False
    usage: Usage = Usage.ANY
    grammar: str | None = None

    def __post_init__(self) -> None:
        if self.grammar is not None and not self.grammar.endswith("]"):
            raise ValueError(f"grammar is {self.grammar!r}: the bracket is missing")


RULE = Rule(
    id="test-rule",
    source_identifier="TEST_RULE",
    resource_types=(ResourceType.USER,),
    reads=frozenset(),
    severity=Severity.LOW,
    source_url="https://example.com",
    evaluate=lambda *_: compliant("fine"),
    parameters=Parameters,
)
WHOLE = {"names": "a,b", "days": "7", "arns": "arn:c"}


def values(origin: GivenBy = GivenBy.OPTION, **given: object) -> Any:
    return configure(RULE, {**WHOLE, **given}, origin=origin).parameters


def test_values_are_typed() -> None:
    assert values(strict="true", usage=" IAM_USER ", grammar=" [x] ") == Parameters(
        ("a", "b"), 7, ("arn:c",), True, Usage.IAM_USER, "[x]"
    )


@pytest.mark.parametrize("origin", GivenBy)
def test_what_is_optional_has_its_default(origin: GivenBy) -> None:
    assert values(origin) == Parameters(("a", "b"), 7, ("arn:c",), False, Usage.ANY, None)


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_value_is_not_given(blank: object) -> None:
    assert values(strict=blank, usage=blank, grammar=blank) == values()


def test_a_printed_default_holds_for_options_and_is_no_warning() -> None:
    configured = configure(RULE, {"names": "a", "arns": ""})
    assert configured.parameters == Parameters(("a",), 90, ("arn:a", "arn:b"))
    assert configured.warnings == ()


@pytest.mark.parametrize(
    ("missing", "origin"),
    [("names", GivenBy.OPTION), ("names", GivenBy.PACK), ("days", GivenBy.PACK), ("arns", GivenBy.PACK)],
)
@pytest.mark.parametrize("blank", [True, False])
def test_a_required_parameter_is_asked_for(missing: str, origin: GivenBy, blank: bool) -> None:
    given = {**WHOLE, missing: ""} if blank else {name: value for name, value in WHOLE.items() if name != missing}
    with pytest.raises(UsageError, match=f"test-rule.{missing} is required") as raised:
        configure(RULE, given, origin=origin)
    assert f"test-rule.{missing}=VALUE" in raised.value.hint


@pytest.mark.parametrize("value", ["a,b", " a , b ", "a,,b,", "b, ,a", "a,b,a"])
def test_items_are_trimmed_and_told_once(value: str) -> None:
    assert set(values(names=value).names) == {"a", "b"}
    assert len(values(names=value).names) == 2


@pytest.mark.parametrize("value", ["a\u200bb", "a\u00a0b", "a\nb", "\x1b[2Ja"])
def test_what_the_eye_misses_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"test-rule\.names is") as raised:
        values(names=value)
    assert raised.value.hint == "Leave out what cannot be printed."


@pytest.mark.parametrize("value", ["any", "IAM_USERS", "0"])
def test_a_value_outside_its_set_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=r"test-rule\.usage is") as raised:
        values(usage=value)
    assert "ANY, IAM_USER" in raised.value.hint


def test_a_value_against_its_own_grammar_is_refused() -> None:
    with pytest.raises(UsageError, match=r"test-rule\.grammar is 'x': the bracket is missing"):
        values(grammar="x")


@pytest.mark.parametrize("value", ["0", "101", "7 days", "\uff17", "\u0667", "\u00b2", "+7", "7.0", True, 7.5])
def test_a_number_that_is_required_cannot_be_dropped(value: object) -> None:
    with pytest.raises(UsageError, match=r"test-rule\.days is") as raised:
        values(days=value)
    assert raised.value.hint == "Give a whole number from 1 to 100."


def test_only_what_has_no_printed_default_is_needed() -> None:
    assert needed(RULE) == ("names",)


@pytest.mark.parametrize("kind", [float, dict[str, str], list[str], float | None], ids=str)
def test_a_parameter_of_a_type_that_no_text_becomes_is_refused(kind: Any) -> None:
    odd = replace(RULE, parameters=defstruct("Odd", [("ratio", kind)]))
    with pytest.raises(AuditError, match=r"test-rule\.ratio is declared with a type that no parameter can have"):
        configure(odd, {"ratio": "0.5"})


WRONG = {
    "a value out of range": ({**WHOLE, "days": "0"}, "days"),
    "a value against its own grammar": ({**WHOLE, "grammar": "x"}, "grammar"),
    "a value that is missing": ({"days": "7"}, "names"),
    "an unknown parameter": ({**WHOLE, "day": "7"}, "day"),
}


@pytest.mark.parametrize(("given", "name"), WRONG.values(), ids=list(WRONG))
def test_an_error_keeps_the_rule_and_the_parameter(given: dict[str, str], name: str) -> None:
    with pytest.raises(ParameterError) as raised:
        configure(RULE, given)
    assert (raised.value.rule_id, raised.value.parameter) == ("test-rule", name)
    assert raised.value.at("c.toml").message == f"c.toml: {raised.value.message}"


def test_what_is_in_doubt_raises_when_it_is_read_and_is_false_where_it_is_stored() -> None:
    configured = configure(RULE, {**WHOLE, "strict": "TRUE"})
    parameters: Any = readable(configured)
    with pytest.raises(UnknownFact, match="strict is 'TRUE'; write 'true' or 'false' in lower case"):
        _ = parameters.strict
    assert (parameters.days, to_builtins(parameters)["strict"]) == (7, False)


@pytest.mark.parametrize(("value", "doubtful"), [("true", False), ("false", False), ("FALSE", False), ("tRuE", True)])
def test_only_what_may_mean_true_is_in_doubt(value: str, doubtful: bool) -> None:
    assert ("strict" in configure(RULE, {**WHOLE, "strict": value}).doubts) is doubtful
