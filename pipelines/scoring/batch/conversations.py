"""How a file's records become pairs: a pair a record, a conversation a record, or a message a record."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.data.dialogue import LISTENER, SPEAKER
from pipelines.errors import UserError
from pipelines.scoring.batch.chat_export import Message, read_messages
from pipelines.scoring.batch.records import Record
from pipelines.scoring.turns import roles_of, turn_author, turn_text, written_list

CONVERSATION_COLUMNS = (
    "messages",
    "conversations",
    "conversation",
    "dialogue",
    "dialog",
    "turns",
    "chat",
    "transcript",
)
ID_COLUMNS = (
    *("conversation_id", "conv_id", "dialogue_id", "dialog_id", "chat_id", "session_id", "thread_id"),
    *("ticket_id", "conversation", "channel_id"),
)
AUTHOR_COLUMNS = ("role", "author", "speaker", "sender", "from", "speaker_idx", "user", "name", "participant")
TEXT_COLUMNS = ("text", "content", "message", "utterance", "body", "value")
# What is added to the row of a listener's turn: its place among the turns from 0, what was read before it, the reply.
TURN_COLUMNS = ("scored_turn", "scored_context", "scored_response")
KEPT = 4000  # characters of the turns before a reply: several times what a view holds
COMMA = "_comma_"  # a comma, as EmpatheticDialogues writes it


@dataclass(frozen=True)
class InputSettings:
    """Which columns hold what, and how the file is written; None where that is found out.

    context, response: of a pair. conversation: a whole conversation. id, role, text: of one message a row. listener:
    the name of the one whose turns are scored. delimiter, encoding: of a text file.
    """

    context: str = "context"
    response: str = "response"
    conversation: str | None = None
    id: str | None = None
    role: str | None = None
    text: str | None = None
    listener: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    def known_columns(self) -> list[str]:
        """Names that a header may hold, by which its delimiter is told."""
        own = [self.context, self.response, self.conversation, self.id, self.role, self.text]
        named = [name for name in own if name is not None]
        return [*named, *CONVERSATION_COLUMNS, *ID_COLUMNS, *AUTHOR_COLUMNS, *TEXT_COLUMNS]


class Item(NamedTuple):
    """What is scored or rejected: its number from 1, its own columns, why it cannot be scored, its line, the pair."""

    number: int
    columns: dict[str, Any]
    problem: str | None
    line: int | None
    context: Any = None
    response: Any = None


@dataclass(frozen=True)
class Pairs:
    """A pair a record."""

    context: str
    response: str
    added: tuple[str, ...] = ()

    def describe(self) -> str:
        """For the terminal."""
        return f"a pair a row, in the columns {self.context!r} and {self.response!r}"

    def items(self, records: Iterable[Record]) -> Iterator[Item]:
        """The records as they are."""
        for number, columns, problem, line in records:
            yield Item(number, columns, problem, line, columns.get(self.context), columns.get(self.response))


@dataclass(frozen=True)
class Conversations:
    """A whole conversation a record."""

    column: str
    listener: str | None
    added: tuple[str, ...] = TURN_COLUMNS

    def describe(self) -> str:
        """For the terminal."""
        return (
            f"a whole conversation a row, in the column {self.column!r}; every turn of {_who(self.listener)} is scored"
        )

    def items(self, records: Iterable[Record]) -> Iterator[Item]:
        """An item for each of the listener's turns."""
        number = 0
        for record in records:
            try:
                if record.problem is not None:
                    raise UserError(record.problem)
                turns = conversation_turns(record.columns.get(self.column), self.listener, self.column)
                pairs = list(pairs_of(turns))
            except UserError as error:
                number += 1
                yield Item(number, record.columns, str(error), record.line)
                continue
            own = {name: value for name, value in record.columns.items() if name != self.column}
            for place, context, response in pairs:
                number += 1
                yield Item(number, own | turn_columns(place, context, response), None, record.line, context, response)


@dataclass(frozen=True)
class Messages:
    """One message a record; those of a conversation need not stand together, and keep their order."""

    id: str
    role: str
    text: str
    listener: str | None
    added: tuple[str, ...] = TURN_COLUMNS

    def describe(self) -> str:
        """For the terminal."""
        names = f"conversations by {self.id!r}, authors in {self.role!r}, texts in {self.text!r}"
        return f"one message a row, {names}; every turn of {_who(self.listener)} is scored"

    def items(self, records: Iterable[Record]) -> Iterator[Item]:
        """An item for each of the listener's turns: the row of its first message, in its whole."""
        number = 0
        conversations: dict[str, list[Record]] = {}
        for record in records:
            problem = record.problem
            if problem is None and not isinstance(record.columns.get(self.text), str):
                problem = f"{self.text}: expected a text, got {type(record.columns.get(self.text)).__name__}"
            if problem is not None:
                number += 1
                yield Item(number, record.columns, problem, record.line)
                continue
            conversations.setdefault(str(record.columns.get(self.id)), []).append(record)
        for rows in conversations.values():
            messages = [
                Message(str(row.columns.get(self.role)), row.columns[self.text].replace(COMMA, ","), place)
                for place, row in enumerate(rows)
            ]
            try:
                turns = merged(messages, self.listener)
                pairs = list(pairs_of([turn for turn, _ in turns]))
            except UserError as error:
                number += 1
                yield Item(number, rows[0].columns, f"{self.id} {rows[0].columns.get(self.id)}: {error}", rows[0].line)
                continue
            for place, context, response in pairs:
                number += 1
                row = rows[turns[place][1]]
                columns = row.columns | turn_columns(place, context, response)
                yield Item(number, columns, None, row.line, context, response)


Layout = Pairs | Conversations | Messages


def layout_of(names: Sequence[str], settings: InputSettings, where: str) -> Layout:
    """What the records of a file with the columns `names` are. Raises UserError where they are none of the three."""

    def found(given: str | None, flag: str, known: Sequence[str]) -> str | None:
        if given is None:
            return next((name for wanted in known for name in names if name.casefold() == wanted), None)
        exact = next((name for name in names if name == given), None)
        exact = exact or next((name for name in names if name.casefold() == given.casefold()), None)
        if exact is None:
            raise UserError(f"{where}: expected a column {given!r}, got {_list(names)}; name yours with {flag}")
        return exact

    if settings.conversation is not None:
        return Conversations(str(found(settings.conversation, "--conversation", ())), settings.listener)
    context, response = (found(None, "", [name.casefold()]) for name in (settings.context, settings.response))
    if context is not None and response is not None:
        return Pairs(context, response)
    defaults = InputSettings()
    if settings.context != defaults.context or settings.response != defaults.response:
        found(settings.context, "--context", ())
        found(settings.response, "--response", ())
    parts = (
        found(settings.id, "--id", ID_COLUMNS),
        found(settings.role, "--role", AUTHOR_COLUMNS),
        found(settings.text, "--text", TEXT_COLUMNS),
    )
    if parts[0] is not None and parts[1] is not None and parts[2] is not None:
        return Messages(parts[0], parts[1], parts[2], settings.listener)
    if conversation := found(None, "", CONVERSATION_COLUMNS):
        return Conversations(conversation, settings.listener)
    raise UserError(
        f"{where}: expected a column {settings.context!r} and a column {settings.response!r}, or a whole conversation "
        f"in one column ({', '.join(CONVERSATION_COLUMNS[:3])}), or one message a row (conversation_id, role, text); "
        f"got {_list(names)}; name yours with --context and --response, --conversation, or --id, --role and --text"
    )


def conversation_turns(value: Any, listener: str | None, name: str) -> list[dict[str, str]]:
    """The turns of the two sides. value: turns, texts in turn (the speaker's first), what was written of them, or a
    text with lines such as `Ann: text`. Raises UserError where it is none.
    """
    if isinstance(value, str):
        written = written_list(value, name)
        if written is None:
            return [turn for turn, _ in merged(read_messages(value.splitlines()), listener)]
        value = written
    if isinstance(value, Mapping):
        value = _turned_round(value)
    if not isinstance(value, Sequence):
        raise UserError(f"{name}: expected a list of turns, got {'nothing' if value is None else type(value).__name__}")
    if all(isinstance(turn, str) for turn in value):
        return [{"role": LISTENER if place % 2 else SPEAKER, "text": text} for place, text in enumerate(value)]
    for place, turn in enumerate(value):
        if not isinstance(turn, Mapping):
            raise UserError(f"{name}[{place}]: expected a turn with role and text, got {type(turn).__name__}")
    authors = [turn_author(turn, f"{name}[{place}]") for place, turn in enumerate(value)]
    found = []
    for place, (turn, role) in enumerate(zip(value, roles_of(authors, listener), strict=True)):
        text = None if role is None else turn_text(turn, f"{name}[{place}]")
        if role is not None and text is not None:
            found.append({"role": role, "text": text})
    return found


def merged(messages: Sequence[Message], listener: str | None) -> list[tuple[dict[str, str], int]]:
    """Turns of the two sides, messages of one side in a row made one, each with the place or line of its first.

    Raises UserError where it is not clear who the listener is.
    """
    turns: list[tuple[dict[str, str], int]] = []
    for message, role in zip(messages, roles_of([one.author for one in messages], listener), strict=True):
        if role is None or not message.text.strip():
            continue
        if turns and turns[-1][0]["role"] == role:
            turns[-1][0]["text"] += f" {message.text}"
        else:
            turns.append(({"role": role, "text": message.text}, message.line))
    return turns


def pairs_of(turns: Sequence[dict[str, str]]) -> Iterator[tuple[int, list[dict[str, str]], str]]:
    """Place, what was said before, and text of every listener's turn that answers a speaker's.

    Raises UserError where there is none.
    """
    none = True
    for place, turn in enumerate(turns):
        if turn["role"] == LISTENER and any(before["role"] == SPEAKER for before in turns[:place]):
            none = False
            start, length = place, 0
            while start and length <= KEPT:
                start -= 1
                length += len(turns[start]["text"])
            yield place, list(turns[start:place]), turn["text"]
    if none:
        raise UserError("expected a turn of the listener's after one of the speaker's, got none")


def turn_columns(place: int, context: list[dict[str, str]], response: str) -> dict[str, Any]:
    """The values of `TURN_COLUMNS`; the context as JSON."""
    values = (place, json.dumps(context, ensure_ascii=False), response)
    return dict(zip(TURN_COLUMNS, values, strict=True))


def _turned_round(value: Mapping[str, Any]) -> Any:
    """The turns of {"messages": [...]}, or of a list a key, as data sets keep them."""
    inner = [value[name] for name in CONVERSATION_COLUMNS if name in value]
    if len(inner) == 1:
        return inner[0]
    lists = {key: one for key, one in value.items() if isinstance(one, list)}
    if lists and len({len(one) for one in lists.values()}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return [value]


def _who(listener: str | None) -> str:
    return repr(listener) if listener else "the listener (assistant, agent, or who answers first)"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return (", ".join(names[:12]) or "no columns") + more
