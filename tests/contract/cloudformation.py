"""``template.yaml`` as data, and its functions evaluated as CloudFormation does."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Sub x`` becomes ``{"Fn::Sub": "x"}``."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(tag)


_Loader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # a SafeLoader
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
DEFAULTS = {name: parameter["Default"] for name, parameter in PARAMETERS.items()}
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "mammo-core",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE: Any = object()


def deployed(**parameters: object) -> dict[str, Any]:
    """What a stack with these parameters consists of.

    Parameters
    ----------
    **parameters
        Others have their defaults.

    Returns
    -------
    dict of str to dict
        Resources whose condition holds. A reference to one is its name, an attribute ``Name.Attribute``.
    """
    values = {
        **PSEUDO,
        **DEFAULTS,
        **{name: name for name in RESOURCES},
        "Api.Stage": "ApiStage",
        **parameters,
    }
    conditions: dict[str, bool] = {}
    for name, condition in TEMPLATE["Conditions"].items():
        conditions[name] = resolved(condition, values, conditions)
    made = {}
    for name, resource in RESOURCES.items():
        if conditions.get(resource.get("Condition"), True):
            made[name] = resolved(resource, values, conditions)
    return made


def allowed(**parameters: object) -> bool:
    """Whether the template's rules let these parameters pass."""
    values = {**PSEUDO, **DEFAULTS, **parameters}
    rules = TEMPLATE["Rules"].values()
    return all(
        resolved(assertion["Assert"], values, {})
        for rule in rules
        if resolved(rule.get("RuleCondition", True), values, {})
        for assertion in rule["Assertions"]
    )


def accepts(parameter: str, value: str) -> bool:
    """Whether CloudFormation would take the value."""
    return re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value) is not None


def resolved(value: Any, names: dict[str, Any], conditions: dict[str, bool]) -> Any:  # noqa: ANN401 - JSON
    """Evaluate the functions in a part of the template."""

    def inner(part: Any) -> Any:  # noqa: ANN401 - JSON
        return resolved(part, names, conditions)

    if isinstance(value, list):
        return [item for item in map(inner, value) if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return NO_VALUE if argument == "AWS::NoValue" else names[argument]
        if name.startswith("Fn::"):
            return _function(name.removeprefix("Fn::"), argument, names, conditions)
    items = {key: inner(part) for key, part in value.items()}
    return {key: part for key, part in items.items() if part is not NO_VALUE}


def _function(name: str, argument: Any, names: dict[str, Any], conditions: dict[str, bool]) -> Any:  # noqa: ANN401
    inner = partial(resolved, names=names, conditions=conditions)
    match name:
        case "If":
            # Only the branch that is taken: the other may split a text that is not there.
            return inner(argument[1] if conditions[argument[0]] else argument[2])
        case "Equals":
            return str(inner(argument[0])) == str(inner(argument[1]))
        case "Not":
            return not inner(argument[0])
        case "And" | "Or":
            return (all if name == "And" else any)(map(inner, argument))
        case "GetAtt":
            return argument
        case "FindInMap":
            mapping, first, second = map(str, inner(argument))
            return TEMPLATE["Mappings"][mapping][first][second]
        case "Split":
            return inner(argument[1]).split(argument[0])
        case "Select":
            return inner(argument[1])[argument[0]]
        case "Sub":
            text, local = argument if isinstance(argument, list) else (argument, {})
            return _filled(text, {**names, **inner(local)})
    raise ValueError(name)


def _filled(text: str, values: dict[str, Any]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(values.get(found[1], found[1])), text)
