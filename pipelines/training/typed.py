"""From plain values, as YAML has them, to typed settings: dataclasses of numbers, texts, lists and dataclasses."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pipelines.errors import UserError, did_you_mean
from pipelines.training.yaml_file import KeyPath, dotted_key, parse_value

Settings = TypeVar("Settings")
TRUE, FALSE = ("true", "yes", "on"), ("false", "no", "off")
NULLS = ("null", "~", "")


class SettingError(UserError):
    """A setting that is not as it should be; `key` says which, for its place in a file."""

    def __init__(self, message: str, key: KeyPath) -> None:
        super().__init__(message)
        self.key = key


def settings_from(
    kind: type[Settings], values: Any, key: KeyPath = (), default: Any = None, root: Any = None
) -> Settings:
    """Settings of `kind` from plain `values`; what they do not name is as in `default`, or else as in the class.

    key: where they are in a bigger whole, whose class is `root`. Raises SettingError for a key that there is not, one
    that is missing, a value of another type, and what a class's own check does not allow.
    """
    root = root or kind
    if not isinstance(values, Mapping):
        names = ", ".join(one.name for one in fields(kind))  # type: ignore[arg-type]
        raise SettingError(f"{dotted_key(key)}: expected keys and values ({names}), got {came(values)}", key)
    hints = hints_of(kind)  # type: ignore[arg-type]
    for name in values:
        if name not in hints:
            whole = dotted_key((*key, str(name)))
            near = did_you_mean(whole, keys_of(root))
            known = "" if near else f"; there are {', '.join(hints)}"
            raise SettingError(f"{whole}: no such setting{near}{known}", (*key, name))
    given = {}
    for one in fields(kind):  # type: ignore[arg-type]
        inner = default_of(one) if default is None else getattr(default, one.name)
        if one.name in values:
            given[one.name] = _convert(hints[one.name], values[one.name], (*key, one.name), inner, root)
        elif default is not None:
            given[one.name] = inner
        elif inner is MISSING:
            raise SettingError(
                f"{dotted_key((*key, one.name))}: expected {wanted(hints[one.name])}, it is missing", key
            )
    try:
        return kind(**given)
    except SettingError:
        raise
    except UserError as error:
        named = str(error).partition(":")[0].rpartition(".")[2]
        raise SettingError(str(error), (*key, named)) from error


def _convert(hint: Any, value: Any, key: KeyPath, default: Any, root: Any) -> Any:
    """`value` as `hint` wants it. Raises SettingError."""
    choices = _choices(hint)
    if value is None and (NoneType in choices or Any in choices):
        return None
    for choice in choices:  # what is of the type itself goes first: 3 is a number where numbers and texts are allowed
        if choice is Any or (choice in (bool, int, str) and type(value) is choice):
            return value
        if choice is float and type(value) is float and math.isfinite(value):
            return value
    for choice in choices:
        if is_dataclass(choice) and isinstance(choice, type):
            return settings_from(choice, value, key, default if isinstance(default, choice) else None, root)
        origin = get_origin(choice)
        if origin is list and value is not None and not isinstance(value, Mapping):
            (item,) = get_args(choice)
            items = value if isinstance(value, list) else _one_item(item, value)
            return [_convert(item, one, (*key, index), None, root) for index, one in enumerate(items)]
        if origin is dict and isinstance(value, Mapping):
            _, item = get_args(choice)
            return {str(name): _convert(item, one, (*key, str(name)), None, root) for name, one in value.items()}
        read = _READERS.get(choice, lambda value: None)
        found = value if origin is Literal and value in get_args(choice) else read(value)
        if found is not None:
            return found
    raise SettingError(f"{dotted_key(key)}: expected {wanted(hint)}, got {came(value)}{_fix(hint, value)}", key)


def _one_item(item: Any, value: Any) -> list[Any]:
    """A list from what was given in its place: one value, or numbers between commas (17,39, as a flag has them)."""
    if isinstance(value, str) and item in (int, float):
        return [parse_value(part) for part in value.split(",")]
    return [value]


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _truth(value: Any) -> bool | None:
    word = value.lower() if isinstance(value, str) else None
    return True if word in TRUE else False if word in FALSE else None


_READERS: dict[Any, Callable[[Any], Any]] = {int: _whole, float: _number, bool: _truth}


def wanted(hint: Any) -> str:
    """A type in plain words: `int | None` -> "a whole number, or null"."""
    words = []
    for choice in _choices(hint):
        origin, inner = get_origin(choice), get_args(choice)
        if choice is NoneType:
            words.append("or null")
        elif origin is Literal:
            words.append(f"one of {', '.join(map(str, inner))}")
        elif origin is list:
            words.append(f"a list ({wanted(inner[0])} each)")
        elif origin is dict or is_dataclass(choice):
            words.append("keys and values")
        else:
            words.append({int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[choice])
    return ", ".join(words)


def came(value: Any) -> str:
    """A value as a message shows it: as YAML has it, and cut where it is long."""
    if isinstance(value, Mapping):
        return f"keys and values ({', '.join(map(str, value))})"[:80]
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}..."


def _fix(hint: Any, value: Any) -> str:
    choices = _choices(hint)
    if str in choices and isinstance(value, (int, float)):
        return "; put quotes around it"
    if isinstance(value, Mapping) and any(get_origin(choice) is list for choice in choices):
        return "; begin each item with '- '"
    words = [str(one) for choice in choices if get_origin(choice) is Literal for one in get_args(choice)]
    return did_you_mean(str(value), words)


def value_of_flag(hint: Any, text: str) -> Any:
    """What `--key=text` means where the key's type is `hint`: a text as it stands, anything else as YAML."""
    choices = _choices(hint)
    if text in NULLS and NoneType in choices:
        return None
    literal = any(choice is str or get_origin(choice) is Literal for choice in choices)
    return text if literal else parse_value(text)


def put(kind: Any, values: dict[str, Any], key: str, value: Any, append: bool = False) -> None:
    """Set a dotted `key`, which there is, in plain `values` of settings of `kind`; append: to the list that it is.

    In a list of settings (stages) the last item is changed. Keys and values given for a whole section leave what they
    do not name. Raises SettingError where `values` have something else in the place of a section or a list.
    """
    name, _, rest = key.partition(".")
    hint = hints_of(kind)[name]
    section = section_of(hint)
    if rest and items_of(hint) is not None:
        items = values[name] = _plain_list(kind, name, values)
        if not items or not isinstance(items[-1], dict):
            raise SettingError(f"{name}: expected an item to change, there is none", (name,))
        put(items_of(hint), items[-1], rest, value)
    elif rest:
        inner = values.get(name)
        if inner is not None and not isinstance(inner, dict):
            raise SettingError(f"{name}: expected keys and values, got {came(inner)}", (name,))
        inner = values[name] = {} if inner is None else inner
        if section is None:
            inner[rest] = value
        else:
            put(section, inner, rest, value, append)
    elif append:
        values[name] = _plain_list(kind, name, values) + (value if isinstance(value, list) else [value])
    elif section is not None and NoneType not in _choices(hint) and isinstance(value, dict):
        values[name] = (values.get(name) or {}) | value
    else:
        values[name] = value


def _plain_list(kind: Any, name: str, values: Mapping[str, Any]) -> list[Any]:
    found = values[name] if name in values else default_of(next(one for one in fields(kind) if one.name == name))
    if not isinstance(found, list):
        came_instead = "nothing" if found is MISSING else came(found)
        raise SettingError(f"{name}: expected a list to change, got {came_instead}", (name,))
    return [asdict(item) if is_dataclass(item) and not isinstance(item, type) else item for item in found]


def hint_of(kind: Any, key: str) -> Any:
    """The type of a dotted key in settings of `kind`; None where there is no such key."""
    name, _, rest = key.partition(".")
    hint = hints_of(kind).get(name)
    if hint is None or not rest:
        return hint
    inner = next((choice for choice in _choices(hint) if get_origin(choice) is dict), None)
    if inner is not None:
        return get_args(inner)[1]
    section = section_of(hint) or items_of(hint)
    return None if section is None else hint_of(section, rest)


def keys_of(kind: Any) -> Iterator[str]:
    """Every dotted key of settings of `kind`, sections and those of a list's items included."""
    for name, hint in hints_of(kind).items():
        yield name
        section = section_of(hint) or items_of(hint)
        if section is not None:
            yield from (f"{name}.{key}" for key in keys_of(section))


def default_of(one: "Field[Any]") -> Any:
    """A field's default; MISSING where it has none."""
    return one.default_factory() if one.default_factory is not MISSING else one.default


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The type of each setting of `kind`, by name."""
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def section_of(hint: Any) -> Any:
    """The dataclass that a setting holds, or may hold beside null; None for another setting."""
    return next((choice for choice in _choices(hint) if is_dataclass(choice)), None)


def items_of(hint: Any) -> Any:
    """The dataclass that the items of a list of settings are; None for another setting."""
    return section_of(get_args(hint)[0]) if get_origin(hint) is list else None
