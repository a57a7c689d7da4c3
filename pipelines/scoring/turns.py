"""What may be given as a context, a dialogue or a reply, and its checks: the same in Python, files and over HTTP.

A turn is {"role", "text"}, or what chat programs write: {"role", "content"} (OpenAI), {"from", "value"} (ShareGPT),
{"speaker", "utterance"}. Other keys are left out. A list may be given as the text that JSON, Python, pandas or numpy
write of it.
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.data.dialogue import LISTENER, SPEAKER, clean_text
from pipelines.errors import UserError

Turn = Mapping[str, Any]
Context = str | Sequence[str] | Sequence[Turn]
ROLES = (SPEAKER, LISTENER)
# What a role may be called, in any case, and the side that it is; None: no side's, left out.
ROLE_NAMES: dict[str, str | None] = {
    **dict.fromkeys(["speaker", "user", "human", "seeker", "client", "customer", "patient", "prompter"], SPEAKER),
    **dict.fromkeys(["listener", "assistant", "gpt", "chatgpt", "bot", "chatbot", "ai", "model", "agent"], LISTENER),
    **dict.fromkeys(["supporter", "helper", "counselor", "counsellor", "therapist"], LISTENER),
    **dict.fromkeys(["system", "developer", "tool", "function", "observation"]),
}
ROLE_KEYS = ("role", "from", "speaker", "author", "sender")
TEXT_KEYS = ("text", "content", "value", "utterance", "message", "body")
CALLS = ("tool_calls", "function_call")  # a turn of these alone says nothing
LISTS = ("[", "(", "{", "array(")  # what a list begins with that was written as text
# A list of texts or turns; "{{name}}" of a template is none.
CUT = re.compile(r"""\s*(?:array\()?(?:[\[(]\s*(?:array\()?[\[(]?\s*(?:["'](?!\s)|\{)|\{\s*["'](?!\s))""")
LONGEST_LIST = 1_000_000  # characters of a list that is written as text
EXPECTED_TURNS = (
    'such as ["I lost my job.", "Oh no!"], [{"role": "speaker", "text": "I lost my job."}] or [{"role": "user", '
    '"content": "I lost my job."}]'
)


def context_turns(context: Context) -> list[dict[str, str]]:
    """The turns before the reply, as {"role", "text"}.

    A string is one turn of the speaker's. Strings alternate, the last one the speaker's. Raises UserError otherwise.
    """
    if isinstance(context, str):
        found = written_list(context, "context")
        if found is None:
            return [{"role": SPEAKER, "text": _text(context, "context")}]
        context = found
    turns = _sequence(context, "context")
    if _all_texts(turns, "context"):
        last = len(turns) - 1
        return [
            {"role": ROLES[(last - place) % 2], "text": _text(turn, f"context[{place}]")}
            for place, turn in enumerate(turns)
        ]
    return _turns(turns, "context")


def dialogue_turns(dialogue: Sequence[str] | Sequence[Turn] | str) -> list[dict[str, str]]:
    """The turns of a dialogue, the speaker's first where they are plain strings. Raises UserError otherwise."""
    given: Any = dialogue
    if isinstance(dialogue, str):
        given = written_list(dialogue, "dialogue") or dialogue
    turns = _sequence(given, "dialogue")
    if _all_texts(turns, "dialogue"):
        return [
            {"role": ROLES[place % 2], "text": _text(turn, f"dialogue[{place}]")} for place, turn in enumerate(turns)
        ]
    return _turns(turns, "dialogue")


def listener_places(turns: Sequence[Turn]) -> tuple[int, ...]:
    """Places of the listener's turns that have one before them. Raises UserError where there is none."""
    places = tuple(place for place, turn in enumerate(turns) if place and turn["role"] == LISTENER)
    if not places:
        raise UserError("dialogue: expected at least one turn of the listener's after the speaker's, got none")
    return places


def response_text(response: Any) -> str:
    """The reply: a text, a turn, or a list of one of them. Raises UserError where it is none."""
    if isinstance(response, str):
        found = written_list(response, "response")
        if found is None:
            return _text(response, "response")
        response = found
    if isinstance(response, Sequence) and not isinstance(response, str | bytes):
        if len(response) != 1:
            raise UserError(f"response: expected one reply, got a list of {len(response)}; give a row for each")
        response = response[0]
    if isinstance(response, Mapping):
        return _turn_text(response, "response") or ""
    return _text(response, "response")


def roles_of(authors: Sequence[str], listener: str | None = None) -> list[str | None]:
    """The side of each author of a conversation's messages, None for one that is left out.

    Names of roles say it themselves. Of two other names, the one who answers first is the listener. listener: the name
    whose messages are the replies; all others are the speaker's. Raises UserError where no rule tells.
    """
    called = [author.strip().lower() for author in authors]
    if listener is not None:
        wanted = listener.strip().lower()
        if wanted not in called:
            raise UserError(f"expected messages of the listener {listener!r}, got {_some(authors)}; name one of them")
        return [LISTENER if name == wanted else None if _left_out(name) else SPEAKER for name in called]
    if all(name in ROLE_NAMES for name in called):
        return [ROLE_NAMES[name] for name in called]
    people = list(dict.fromkeys(name for name in called if not _left_out(name)))
    if len(people) != 2:
        raise UserError(
            f"expected two people, or roles such as user and assistant, got {_some(authors)}; say whose messages are "
            "the replies with --listener NAME"
        )
    return [None if _left_out(name) else ROLES[people.index(name)] for name in called]


def turn_author(turn: Turn, name: str) -> str:
    """Who a turn says that it is of. Raises UserError where it does not say."""
    key = next((key for key in ROLE_KEYS if key in turn), None)
    if key is None:
        raise UserError(f"{name}: expected a role ({_joined(ROLE_KEYS)}), got the keys {_joined(turn) or 'none'}")
    if not isinstance(turn[key], str):
        raise UserError(f"{name}.{key}: expected a text, got {what_came(turn[key])}")
    return str(turn[key])


def turn_text(turn: Turn, name: str) -> str | None:
    """What a turn says; None where it only calls a tool. Raises UserError where it holds no text."""
    return _turn_text(turn, name)


def written_list(text: str, name: str) -> list[Any] | None:
    """The texts or turns of a list that was written as text; None where `text` is no list but words.

    Raises UserError for a list that was cut off, or that holds something else.
    """
    start = text.lstrip()[:6]
    if not start.startswith(LISTS):
        return None
    if len(text) > LONGEST_LIST:
        raise UserError(f"{name}: expected a list of at most {LONGEST_LIST:,} characters, got {len(text):,}")
    found = _parsed(text.strip())
    if isinstance(found, Mapping):
        found = [found]
    if isinstance(found, list | tuple) and all(isinstance(one, str | Mapping) for one in found):
        return list(found)
    numbers = isinstance(found, list | tuple) and all(isinstance(one, int | float) for one in found)  # "[1]"
    if numbers or isinstance(found, str | int | float) or (found is None and not CUT.match(text)):
        return None
    raise UserError(
        f"{name}: expected a text or a whole list of turns, got a list that was cut off or holds something else: "
        f"{text.strip()[:40]!r}...; write it as JSON, {EXPECTED_TURNS}"
    )


def _parsed(text: str) -> Any:
    """A list or mapping out of JSON or of what Python or numpy print of one; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    while match := re.fullmatch(r"array\((.*?)(?:,\s*dtype=[^()]*)?\)", text, re.DOTALL):
        text = match[1]
    try:
        return ast.literal_eval(_with_commas(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError, IndentationError):
        return None


def _with_commas(text: str) -> str:
    """numpy prints a list without commas, and Python would read its texts as one: put them in."""
    parts: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
            continue
        begins = token.type == tokenize.STRING or token.string in ("{", "[", "(")
        if begins and parts and parts[-1][-1:] in ("'", '"', "}", "]", ")"):
            parts.append(",")
        parts.append(token.string)
    return " ".join(parts)


def _all_texts(turns: Sequence[Any], name: str) -> bool:
    """Whether turns are plain texts. Raises UserError where some are and some are not."""
    texts = [isinstance(turn, str) for turn in turns]
    if any(texts) and not all(texts):
        odd = texts.index(not texts[0])
        raise UserError(
            f"{name}[{odd}]: expected {'a text' if texts[0] else 'a turn with role and text'}, as the turns before it, "
            f"got {what_came(turns[odd])}"
        )
    return all(texts)


def _turns(turns: Sequence[Any], name: str) -> list[dict[str, str]]:
    """Turns of the two sides, with those of no side left out."""
    found = []
    for place, turn in enumerate(turns):
        where = f"{name}[{place}]"
        if not isinstance(turn, Mapping):
            raise UserError(f"{where}: expected a turn with role and text, got {what_came(turn)}")
        author = turn_author(turn, where)
        side = author.strip().lower()
        if side not in ROLE_NAMES:
            raise UserError(
                f"{where}.role: expected {' or '.join(ROLES)} (or user, assistant, system), got {author[:40]!r}"
            )
        role = ROLE_NAMES[side]
        text = None if role is None else _turn_text(turn, where)
        if role is not None and text is not None:
            found.append({"role": role, "text": text})
    return found


def _turn_text(turn: Turn, name: str) -> str | None:
    # `message` and the like: a role's key is none of a text.
    key = next((key for key in TEXT_KEYS if key in turn), None)
    if key is None or turn[key] is None:
        if any(turn.get(call) for call in CALLS):
            return None
        if key is None:
            raise UserError(f"{name}: expected a text ({_joined(TEXT_KEYS)}), got the keys {_joined(turn) or 'none'}")
    value = turn[key]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):  # OpenAI's parts of a message
        texts = [part if isinstance(part, str) else _part_text(part) for part in value]
        if not any(texts):
            raise UserError(f"{name}.{key}: expected parts with a text, got none")
        value = " ".join(text for text in texts if text)
    return _text(value, f"{name}.{key}")


def _part_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else ""


def _sequence(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, bytes | str):
        raise UserError(f"{name}: expected a list of turns, {EXPECTED_TURNS}, got {what_came(value)}")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UserError(f"{name}: expected a text, got {what_came(value)}")
    # Half an emoji, which JSON can carry, is no text that a tokenizer could read.
    return clean_text(without_halves(value).replace("\x00", " "))


def without_halves(text: str) -> str:
    """`text` with pairs of surrogates joined, and U+FFFD for each that is alone."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _left_out(name: str) -> bool:
    return ROLE_NAMES.get(name, SPEAKER) is None


def what_came(value: Any) -> str:
    """What stood in the place of a text or a list, for a message."""
    return "null" if value is None else type(value).__name__


def _joined(names: Any) -> str:
    return ", ".join(str(name) for name in list(names)[:8])


def _some(authors: Sequence[str]) -> str:
    names = list(dict.fromkeys(author.strip() for author in authors))
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{_joined(names[:4]) or 'none'}{more}"
