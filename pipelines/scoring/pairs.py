"""What may be given as pairs of context and reply, or as a list of texts, and its checks."""

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from pipelines.errors import UserError
from pipelines.scoring.turns import Context, context_turns, response_text

CONTEXT_KEY, RESPONSE_KEY = "context", "response"
Pair = tuple[Context, str] | Mapping[str, Any]
PAIRS = (
    'expected a list of pairs, such as [("I lost my job.", "Oh no!")] or [{"context": "I lost my job.", "response": '
    '"Oh no!"}]'
)
TABLES = ("to_dict", "to_pylist", "to_dicts")  # what makes rows of a table of pandas, pyarrow, polars


def given_pairs(pairs: Any) -> Iterator[tuple[list[dict[str, str]], str]]:
    """Turns of the context, and reply, of each pair.

    pairs: tuples of context and reply, or mappings with both (other keys are left out), in a list, a generator, a
    `datasets.Dataset` or a table of pandas, pyarrow or polars. Raises UserError where it is none of them, or a pair
    is none.
    """
    for place, pair in enumerate(_rows(pairs)):
        yield given_pair(pair, f"pairs[{place}]")


def given_pair(pair: Any, name: str) -> tuple[list[dict[str, str]], str]:
    """Turns of the context, and reply, of a pair, as above. Raises UserError where it is none."""
    context, reply = _pair(pair, name)
    try:
        return context_turns(plain(context)), response_text(reply)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def given_texts(texts: Any, name: str) -> list[Any]:
    """The texts of a list, an array or a generator. Raises UserError where it has no order or is one text."""
    if isinstance(texts, str | bytes | Mapping | Set) or not isinstance(texts, Iterable) or _is_table(texts):
        raise UserError(
            f"{name}: expected a list of texts, got {_called(texts)}; put a single one into a list: [{name[:-1]}]"
        )
    return list(texts)


def plain(value: Any) -> Any:
    """A list for an array or a column of texts (numpy, pandas, pyarrow, datasets); anything else as it is."""
    if isinstance(value, str | bytes | list | tuple | Mapping) or _is_table(value):
        return value
    for method in ("tolist", "to_pylist", "to_list"):
        if callable(made := getattr(value, method, None)):
            return made()
    return list(value) if hasattr(value, "__getitem__") and hasattr(value, "__len__") else value


def _rows(pairs: Any) -> Iterable[Any]:
    if isinstance(pairs, Mapping):
        if any(isinstance(value, str) for value in pairs.values()):
            raise UserError(f"{PAIRS}, got one pair; put it into a list: [pair]")
        raise UserError(
            f"{PAIRS}, got {_called(pairs)} with {_keys(pairs)}; of columns, give zip(columns['context'], "
            "columns['response']), of a data set with splits, one of them"
        )
    if _is_table(pairs):
        return _table_rows(pairs)
    if isinstance(pairs, str | bytes | Set) or not isinstance(pairs, Iterable):
        raise UserError(f"{PAIRS}, got {_called(pairs)}; a file is scored with: empathy score FILE --out OUT")
    return pairs


def _pair(pair: Any, name: str) -> tuple[Any, Any]:
    if isinstance(pair, Mapping):
        if CONTEXT_KEY not in pair or RESPONSE_KEY not in pair:
            raise UserError(
                f"{name}: expected the keys {CONTEXT_KEY} and {RESPONSE_KEY}, got {_keys(pair)}; name them so"
            )
        return pair[CONTEXT_KEY], pair[RESPONSE_KEY]
    of_pair = plain(pair)
    if not isinstance(of_pair, list | tuple) or len(of_pair) != 2:
        sized = f" of {len(of_pair)}" if isinstance(of_pair, list | tuple) else ""
        raise UserError(
            f"{name}: {PAIRS}, got {_called(pair)}{sized} in it; a single pair goes into a list too: "
            "[(context, reply)], and a file is scored with: empathy score FILE --out OUT"
        )
    return of_pair[0], of_pair[1]


def _is_table(value: Any) -> bool:
    return hasattr(value, "columns") and any(hasattr(value, method) for method in TABLES)


def _table_rows(table: Any) -> list[Mapping[str, Any]]:
    if hasattr(table, "to_dicts"):  # polars
        return list(table.to_dicts())
    return list(table.to_pylist() if hasattr(table, "to_pylist") else table.to_dict("records"))


def _called(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a {type(value).__name__}"


def _keys(given: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, list(given)[:6])) or "none"
