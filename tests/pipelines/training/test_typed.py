from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from pipelines.errors import UserError
from pipelines.training.typed import SettingError, hint_of, keys_of, put, settings_from, value_of_flag, wanted


@dataclass
class Inner:
    size: int = 3
    rate: float = 0.5
    kind: Literal["dot", "cosine"] = "dot"

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UserError(f"inner.size: expected 1 or more, got {self.size}")


@dataclass
class Outer:
    name: str
    inner: Inner = field(default_factory=lambda: Inner(size=7))
    extra: Inner | None = None
    items: list[Inner] = field(default_factory=lambda: [Inner(), Inner(size=9)])
    seeds: list[int] = field(default_factory=lambda: [17])
    names: list[str] = field(default_factory=list)
    shares: dict[str, float] = field(default_factory=dict)
    path: str | None = None
    strict: bool = False
    limit: int | None = None
    mixed: dict[str, str | int | float | bool | list[int] | None] = field(default_factory=dict)
    anything: dict[str, Any] = field(default_factory=dict)


def made(**values: Any) -> Outer:
    return settings_from(Outer, {"name": "a"} | values)


def test_what_is_left_out_is_as_in_the_section_s_own_default() -> None:
    assert made(inner={"rate": 1}).inner == Inner(size=7, rate=1.0)
    assert made(items=[{"rate": 1}]).items == [Inner(size=3, rate=1.0)]
    assert made(extra={"size": 2}).extra == Inner(size=2)


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("limit", "12", 12), ("limit", 1e3, 1000), ("limit", None, None), ("strict", "No", False),
        ("seeds", 17, [17]), ("seeds", "17,39", [17, 39]), ("names", "a,b", ["a,b"]), ("shares", {"a": 1}, {"a": 1.0}),
        ("inner", {"rate": "1e-5"}, Inner(size=7, rate=1e-5)), ("path", "no", "no"), ("strict", "yes", True),
        ("mixed", {"a": 2.0, "b": True, "c": [1], "d": "x", "e": 3}, {"a": 2.0, "b": True, "c": [1], "d": "x", "e": 3}),
        ("anything", {"a": {"b": [1, "x"]}}, {"a": {"b": [1, "x"]}}),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_setting_wants_it(key: str, value: object, read: object) -> None:
    found = getattr(made(**{key: value}), key)
    assert found == read
    assert type(found) is type(read)
    if isinstance(read, dict):
        assert [type(one) for one in found.values()] == [type(one) for one in read.values()]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limit": "one"}, "limit: expected a whole number, or null, got 'one'"),
        ({"limit": 1.5}, "limit: expected a whole number, or null, got 1.5"),
        ({"limit": True}, "limit: expected a whole number, or null, got true"),
        ({"limit": float("inf")}, "limit: expected a whole number, or null, got inf"),
        ({"inner": {"rate": float("nan")}}, "inner.rate: expected a number, got nan"),
        ({"inner": {"rate": "abc"}}, "inner.rate: expected a number, got 'abc'"),
        ({"inner": {"rate": None}}, "inner.rate: expected a number, got null"),
        ({"inner": ["size"]}, "inner: expected keys and values (size, rate, kind), got ['size']"),
        ({"inner": None}, "inner: expected keys and values (size, rate, kind), got null"),
        ({"inner": {"kind": "cosin"}}, "inner.kind: expected one of dot, cosine, got 'cosin'; did you mean cosine?"),
        ({"inner": {"siz": 2}}, "inner.siz: no such setting; did you mean inner.size?"),
        ({"siz": 2}, "siz: no such setting; did you mean inner.size?"),
        ({"seed": [2]}, "seed: no such setting; did you mean seeds?"),
        ({"items": [{}, {"sise": 2}]}, "items.sise: no such setting; did"),
        ({"items": {"size": 2}}, "items: expected a list (keys and values each), got keys and values (size); begin"),
        ({"items": ["dot"]}, "items: expected keys and values (size, rate, kind), got 'dot'"),
        ({"items": [{"size": 0}]}, "inner.size: expected 1 or more, got 0"),
        ({"seeds": {"a": 1}}, "seeds: expected a list (a whole number each), got keys and values (a); begin each item"),
        ({"seeds": [1, "x"]}, "seeds: expected a whole number, got 'x'"),
        ({"shares": {"a": "b"}}, "shares.a: expected a number, got 'b'"),
        ({"shares": [1]}, "shares: expected keys and values, got [1]"),
        ({"name": None}, "name: expected a text, got null"),
        ({"name": 2024}, "name: expected a text, got 2024; put quotes around it"),
        ({"name": ["a"]}, "name: expected a text, got ['a']"),
        ({"strict": "maybe"}, "strict: expected true or false, got 'maybe'"),
        ({"strict": 1}, "strict: expected true or false, got 1"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_with_its_key(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        made(**values)
    assert str(caught.value).startswith(message)
    with pytest.raises(SettingError, match=r"^name: expected a text, it is missing$"):
        settings_from(Outer, {})


def test_the_error_of_a_list_s_item_tells_which() -> None:
    with pytest.raises(SettingError) as caught:
        made(items=[{}, {"size": "x"}])
    assert caught.value.key == ("items", 1, "size")


def test_dotted_keys_change_values_one_by_one() -> None:
    values: dict[str, Any] = {"name": "a", "inner": {"size": 1}, "shares": {"x": 0.5}}
    for key, value in {"inner.rate": 2, "items.size": 5, "shares.y": 1, "anything.a.b": 3, "extra.size": 4}.items():
        put(Outer, values, key, value)
    put(Outer, values, "seeds", 39, append=True)
    put(Outer, values, "inner", {"kind": "cosine"})
    found = settings_from(Outer, values)
    assert found.inner == Inner(size=1, rate=2.0, kind="cosine")
    assert found.items == [Inner(), Inner(size=5)]  # the last one alone
    assert (found.shares, found.anything, found.extra) == ({"x": 0.5, "y": 1.0}, {"a.b": 3}, Inner(size=4))
    assert found.seeds == [17, 39]
    put(Outer, values, "shares", {"z": 1})
    assert values["shares"] == {"z": 1}, "a mapping that is no section is replaced"


def test_flags_are_texts_where_a_text_is_wanted() -> None:
    assert value_of_flag(str, "2024") == "2024"
    assert value_of_flag(str | None, "null") is None
    assert value_of_flag(str, "null") == "null"
    assert value_of_flag(int | None, "3") == 3
    assert value_of_flag(list[str], "[a, b]") == ["a", "b"]


def test_keys_and_their_types_are_found_by_dotted_names() -> None:
    assert {"inner", "inner.size", "items.kind", "extra.rate", "seeds"} <= {*keys_of(Outer)}
    assert hint_of(Outer, "items.rate") is float
    assert hint_of(Outer, "shares.anything") is float
    assert hint_of(Outer, "inner.sise") is None
    assert wanted(int | None) == "a whole number, or null"
