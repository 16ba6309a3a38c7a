"""Shapes that every room's API shares. Input is a pydantic model, output a TypedDict: checked and quick."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from kanton.core.money import Money

BIGGEST = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=BIGGEST)]
# Seconds since 1970 (api-compat section 1); `clock.timestamp` writes it.
Timestamp = Annotated[int, Field(description="Seconds since 1970-01-01 00:00 UTC.")]


class Body(BaseModel):
    """The body of a write. Attributes that we do not know are passed over, because clients send whole objects back."""

    model_config = ConfigDict(extra="ignore")

    def given(self) -> dict[str, Any]:
        """Only what the client sent, for PATCH."""
        return self.model_dump(exclude_unset=True)


class Query(BaseModel):
    """The query of a read. An unknown name is refused, because a filter that is passed over lies (API-28).

    A nested `filter: SomeFilter = SomeFilter()` (a Query too) reads `filter[name]=value`.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _as_written_in_addresses(cls, value: Any) -> Any:
        """`a=1&a=2` is a list where a list is meant, else the last; `a=` says nothing; `a=1,2` is a list too."""
        if not isinstance(value, dict):
            return value
        lists = _lists_of(cls)
        found: dict[str, Any] = {}
        for name, given in value.items():
            if given == "":
                continue
            if name in lists:
                if isinstance(given, dict):  # filter[types][0]=A
                    given = list(given.values())
                found[name] = given if isinstance(given, list) else str(given).split(",")
            else:
                found[name] = given[-1] if isinstance(given, list) and given else given
        return found

    @model_validator(mode="after")
    def _fits_the_database(self) -> Query:
        for name in type(self).model_fields:
            given = getattr(self, name)
            for each in given if isinstance(given, list) else (given,):
                if isinstance(each, int) and abs(each) > BIGGEST:
                    raise ValueError(f"{name} is too large")
        return self


@cache
def _lists_of(model: type[Query]) -> frozenset[str]:
    found = set()
    for name, about in model.model_fields.items():
        kinds = [about.annotation, *getattr(about.annotation, "__args__", ())]
        if any(get_origin(kind) in (list, set, frozenset, tuple) for kind in kinds):
            found.add(about.alias or name)
    return frozenset(found)


class MoneyOut(TypedDict):
    """An amount: text, because a float cannot hold money (API-29)."""

    amount: str
    currency: str


def money_out(money: Money) -> MoneyOut:
    """The amount as the API tells it."""
    return {"amount": f"{money.amount:.2f}", "currency": money.currency}


class WishOut(TypedDict):
    """Whether an engine has confirmed what is wanted: the same words as in the console."""

    state: str
    reason: str | None
    remedy: str | None
    since: int | None
    proved_at: int | None
