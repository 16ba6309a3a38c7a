"""Errors as the API tells them: one envelope, a stable code, an English sentence, and the fields that are wrong."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NotRequired

from pydantic import ValidationError
from typing_extensions import TypedDict

from kanton.core.errors import DomainError, Forbidden, NotFound, TooMany


class Detail(TypedDict):
    """One thing that is wrong with the input."""

    code: str
    description: str
    context: NotRequired[dict[str, Any]]


class Problem(TypedDict):
    """What `error` holds in the envelope."""

    code: str
    description: str
    context: NotRequired[dict[str, Any]]
    errors: NotRequired[list[Detail]]


class ApiError(Exception):
    """An answer that is an error. Rooms raise DomainErrors; this one is for what only the API knows."""

    def __init__(
        self,
        status: int,
        code: str,
        description: str,
        *,
        context: Mapping[str, Any] | None = None,
        errors: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.problem: Problem = {"code": code, "description": description}
        if context:
            self.problem["context"] = dict(context)
        if errors:
            self.problem["errors"] = list(errors)
        super().__init__(status, code, description)


def invalid(
    attribute: str,
    description: str,
    *,
    code: str = "validation_rule_invalid",
    values: Iterable[Any] | None = None,
) -> ApiError:
    """422 for one attribute; `values` lists what would be allowed."""
    context: dict[str, Any] = {"attribute": attribute}
    if values is not None:
        context["values"] = list(values)
    return validation_failed([{"code": code, "description": description, "context": context}])


def from_base64(attribute: str, text: str) -> bytes:
    """The file in a text attribute, or 422."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(attribute, "This is not Base64.") from None


def not_among(attribute: str, values: Iterable[Any]) -> ApiError:
    """422: the value of the attribute is none of these."""
    allowed = list(values)
    return invalid(
        attribute,
        f"The {attribute} is not one of the allowed values: {', '.join(map(str, allowed)) or 'none'}.",
        code="validation_rule_in",
        values=allowed,
    )


def validation_failed(errors: Sequence[Detail]) -> ApiError:
    """422 with its list."""
    return ApiError(422, "validation_failed", "Validation failed", errors=errors)


# What pydantic calls a fault → what clients of this API know it as.
RULES: Final = {
    "missing": "attribute_required",
    "literal_error": "validation_rule_in",
    "enum": "validation_rule_in",
    "int_type": "validation_rule_integer",
    "int_parsing": "validation_rule_integer",
    "int_parsing_size": "validation_rule_integer",
    "int_from_float": "validation_rule_integer",
    "float_type": "validation_rule_numeric",
    "float_parsing": "validation_rule_numeric",
    "bool_type": "validation_rule_boolean",
    "bool_parsing": "validation_rule_boolean",
    "string_type": "validation_rule_string",
    "string_too_short": "validation_rule_min",
    "too_short": "validation_rule_min",
    "greater_than": "validation_rule_min",
    "greater_than_equal": "validation_rule_min",
    "string_too_long": "validation_rule_max",
    "too_long": "validation_rule_max",
    "less_than": "validation_rule_max",
    "less_than_equal": "validation_rule_max",
    "list_type": "validation_rule_array",
    "dict_type": "validation_rule_array",
    "model_type": "validation_rule_array",
    "model_attributes_type": "validation_rule_array",
    "string_pattern_mismatch": "validation_rule_regex",
    "date_type": "validation_rule_date",
    "date_parsing": "validation_rule_date",
    "date_from_datetime_parsing": "validation_rule_date",
}
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


def of_validation(error: ValidationError, prefix: str = "") -> ApiError:
    """422 from what pydantic found, with attribute and allowed values."""
    details: list[Detail] = []
    for fault in error.errors(include_url=False, include_input=False):
        attribute = prefix + ".".join(str(part) for part in fault["loc"]) or "body"
        context: dict[str, Any] = {"attribute": attribute}
        known = fault.get("ctx", {})
        if "expected" in known and fault["type"] in ("literal_error", "enum"):
            context["values"] = _QUOTED.findall(str(known["expected"])) or [str(known["expected"])]
        for bound in ("ge", "gt", "le", "lt", "min_length", "max_length"):
            if bound in known:
                context[bound] = str(known[bound])
        description = fault["msg"] if fault["type"] != "missing" else "This attribute is required"
        details.append(
            {
                "code": RULES.get(fault["type"], "validation_rule_invalid"),
                "description": f"{attribute}: {description}.",
                "context": context,
            }
        )
    return validation_failed(details)


def of_domain_error(error: DomainError) -> ApiError:
    """A business error as the API tells it: the same sentence as in the console, and a code for programs."""
    context: dict[str, Any] = {
        name: [str(each) for each in value] if isinstance(value, list) else str(value)
        for name, value in error.params.items()
        if value is not None
    }
    if isinstance(error, Forbidden):
        context = {"right": error.decision.right.code}
        if names := error.decision.helpers():
            context["ask"] = ", ".join(names)
        return ApiError(error.status, error.code, error.sentence, context=context)
    if isinstance(error, NotFound):
        # Hidden and missing look the same; `model` says what was looked for, and clients read it.
        return ApiError(
            error.status,
            error.code,
            error.sentence,
            context={"model": context.pop("model", "object")} | context,
        )
    headers = (
        {"Retry-After": context["seconds"]} if isinstance(error, TooMany) and "seconds" in context else {}
    )
    errors: list[Detail] = []
    if error.field is not None:
        rule = "validation_rule_invalid" if error.code == "validation_failed" else error.code
        errors.append(
            {"code": rule, "description": error.sentence, "context": {"attribute": error.field} | context}
        )
    if error.status == 422:
        return ApiError(422, "validation_failed", "Validation failed", context=context, errors=errors)
    return ApiError(error.status, error.code, error.sentence, context=context, errors=errors, headers=headers)
