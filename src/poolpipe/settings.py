"""The base of all settings models, and messages in both languages for all broken rules of one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from poolpipe.errors import PolicyError
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

__all__ = ["Broken", "SettingsTable", "ToldModel", "broken", "broken_rules", "broken_together"]

_LONGEST = 60
"""Characters of a refused value that are shown."""

_NUMBER = "setting_number"
_WHOLE = "setting_whole"
_TABLE = "setting_table"
_KINDS: Final = {
    "greater_than": "setting_above",
    "greater_than_equal": "setting_at_least",
    "less_than": "setting_below",
    "less_than_equal": "setting_at_most",
    "finite_number": "setting_finite",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": "setting_text",
    "tuple_type": "setting_list",
    "list_type": "setting_list",
    "dict_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "literal_error": "setting_choice",
    "too_short": "setting_too_few",
    "string_too_short": "setting_too_few",
    "too_long": "setting_too_many",
    "string_too_long": "setting_too_many",
}
"""pydantic's kinds of errors (pydantic-core, `ErrorType`), and their messages in the catalogue."""

Broken = tuple[str, tuple[str, ...], dict[str, object]]
"""A rule between several settings that is broken: code of its message, the settings, the message's fields."""


def broken(code: str, **fields: object) -> PydanticCustomError:
    """Make the error that a validator raises, with a message of the catalogue."""
    return PydanticCustomError("poolpipe", "{told}", {"told": message(code, fields)})


def broken_together(rules: Iterable[Broken]) -> None:
    """Raise one error for all broken rules between settings of one section, if there are any.

    Raises
    ------
    PydanticCustomError
        Its context lists each rule with its settings.
    """
    told = [(message(code, fields), names) for code, names, fields in rules]
    if told:
        context = {"told": "; ".join(text for text, _ in told), "rules": told}
        raise PydanticCustomError("poolpipe", "{told}", context)


class ToldModel(BaseModel):
    """A frozen model, no unknown name, no infinity; made by name, it tells every broken rule in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **settings: Any) -> None:
        """Take settings by name.

        Raises
        ------
        PolicyError
            If a rule is broken; every broken rule is told.
        """
        try:
            super().__init__(**settings)
        except ValidationError as error:
            wrong = broken_rules(type(self), settings) or [str(error)]
            raise PolicyError.of(
                "settings_broken",
                where=type(self).__name__,
                rules="; ".join(wrong),
                broken=tuple(wrong),
                settings=", ".join(type(self).model_fields),
            ) from error

    # pydantic validates mappings without a call of __init__ where it is marked as its own, so that a policy's sections
    # are still told together
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class SettingsTable(ToldModel):
    """A table of settings, in which no setting is a yes or no."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_yes_or_no(cls, value: Any) -> Any:
        """Refuse booleans, because pydantic would read `true` as the number 1."""
        for each in (value, *(value if isinstance(value, list | tuple) else ())):
            if isinstance(each, bool):
                raise broken("setting_yes_or_no", value=str(each).lower())
        return value


def broken_rules(
    model: type[BaseModel], rules: Mapping[str, object], gone: Mapping[str, str] | None = None
) -> list[str]:
    """List every broken rule of a table of settings, each as a sentence in both languages.

    Rules between settings are checked only where each of these settings is valid by itself: invalid settings are
    removed, and the rest is checked again.

    Parameters
    ----------
    model : type of BaseModel
        The model whose rules are checked.
    rules : mapping
        The settings as given; sections are mappings inside.
    gone : mapping, optional
        Settings of earlier versions, by their dotted names, and why they were removed.

    Returns
    -------
    list of str
        Empty where no rule is broken; a misspelt setting gets its likely name.
    """
    found: dict[str, None] = {}
    left: dict[str, object] = dict(rules)
    dropped: set[tuple[str, ...]] = set()
    while True:
        try:
            model.model_validate(left)
        except ValidationError as error:
            places = []
            for each in error.errors(include_url=False):
                place = tuple(str(part) for part in each["loc"])
                found.update(dict.fromkeys(_sentences(model, each, place, dropped, gone or {})))
                places.append(place)
            smaller = _without(left, places)
            dropped |= set(places)
            if smaller == left:
                break
            left = smaller
        else:
            break
    return list(found)


def _sentences(
    model: type[BaseModel],
    error: ErrorDetails,
    place: tuple[str, ...],
    dropped: set[tuple[str, ...]],
    gone: Mapping[str, str],
) -> Iterator[str]:
    """Sentences for one error of pydantic; several broken rules of a section give several sentences."""
    where = ".".join(place)
    context = error.get("ctx", {})
    if "rules" in context:
        for text, names in context["rules"]:
            if not any((*place, name) == each[: len(place) + 1] for name in names for each in dropped):
                yield f"{where}: {text}" if where else text
        return
    yield f"{where}: {_said(model, error, place, gone)}" if where else _said(model, error, place, gone)


def _said(
    model: type[BaseModel], error: ErrorDetails, place: tuple[str, ...], gone: Mapping[str, str]
) -> str:
    kind, context, where = error["type"], error.get("ctx", {}), ".".join(place)
    if kind == "extra_forbidden":
        if where in gone:
            return message("setting_gone", {"why": gone[where]})
        near = difflib.get_close_matches(place[-1], _section(model, place).model_fields, n=1)
        return message("setting_misspelt", {"near": near[0]}) if near else message("setting_unknown", {})
    if kind in ("poolpipe", "value_error"):  # the message of a validator of poolpipe
        return error["msg"].removeprefix("Value error, ")
    code = "setting_time" if kind.startswith("datetime") else _KINDS.get(kind, "setting_other")
    fields = {
        "value": _shown(error["input"]),
        "choices": str(context.get("expected", "")).replace(" or ", ", "),
        "least": _limit(context, "gt", "ge", "min_length"),
        "most": _limit(context, "lt", "le", "max_length"),
        "why": error["msg"],
    }
    return message(code, fields)


def _section(model: type[BaseModel], place: tuple[str, ...]) -> type[BaseModel]:
    """The model of the section that contains a setting."""
    for name in place[:-1]:
        field = model.model_fields.get(name)
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return model


def _limit(context: Mapping[str, object], *names: str) -> object:
    """The limit that a rule names, without a needless `.0`."""
    limit = next((context[name] for name in names if name in context), "")
    return f"{limit:g}" if isinstance(limit, float) else limit


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _without(rules: Mapping[str, object], places: Iterable[tuple[str, ...]]) -> dict[str, object]:
    """Remove the settings at some places; for a place inside a list or a text the whole setting is removed."""
    kept = {name: dict(value) if isinstance(value, dict) else value for name, value in rules.items()}
    for place in places:
        if not place:
            continue
        section = kept.get(place[0])
        if len(place) > 1 and isinstance(section, dict) and place[1] in section:
            del section[place[1]]
        else:
            kept.pop(place[0], None)
    return kept
