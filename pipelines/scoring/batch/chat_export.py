"""Reads conversations out of plain text: what WhatsApp and Discord export, and lines of `Name: text`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.errors import UserError

MARKS = "\u200e\u200f\u202a\u202c\ufeff"  # of direction and order, which programs put before lines
DATE = r"\d{1,4}[./-](?:\d{1,2}|[A-Za-z]{3,9})[./-]\d{1,4}"
TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f\u00a0]?[APap]\.?[\s\u00a0]?[Mm]\.?)?"
WHEN = rf"(?:{DATE},?\s+(?:at\s+)?{TIME}|{TIME},?\s+{DATE}|{TIME})"
BRACKETS = re.compile(rf"\[(?P<when>{WHEN})\]\s*(?P<rest>.*)", re.DOTALL)  # WhatsApp on a phone of Apple's, Discord
DASH = re.compile(rf"(?P<when>{DATE},?\s+{TIME})\s+[-\u2013]\s+(?P<rest>.*)", re.DOTALL)  # WhatsApp on others
DISCORD = re.compile(
    rf"(?P<author>\S.{{0,60}}?)\s+[\u2014\u2013]\s+(?P<when>.{{0,20}}{TIME})"
)  # copied from its window
NAMED = re.compile(r"(?P<author>[^:\[\]<>{}]{1,40}):(?:\s+(?P<text>.*)|\s*)", re.DOTALL)
# What stands in the place of something that is no text, and lines that the program itself writes.
NO_TEXT = re.compile(
    r"<[^<>]*(?:omitted|attached)[^<>]*>|(?:image|video|audio|sticker|GIF|document|Contact card) omitted|"
    r"(?:This message was deleted|You deleted this message)\.?|\{Attachments\}|null",
    re.IGNORECASE,
)
OF_THE_PROGRAM = re.compile(
    r"Messages and calls are end-to-end encrypted|created (?:this )?group|changed the (?:subject|group)|security code|"
    r"Missed (?:voice|video) call|added you|joined using|\bleft\b$",
    re.IGNORECASE,
)
HEADER_LINES = re.compile(r"(?:=+|Guild: .*|Channel: .*|Topic: .*|Exported \d+ message.*|After: .*|Before: .*)")


class Message(NamedTuple):
    """What somebody wrote, and the line that it begins in."""

    author: str
    text: str
    line: int


def read_messages(lines: Sequence[str]) -> list[Message]:
    """The messages of an export. What the program itself wrote, and what is no text, is left out.

    Raises UserError for a text that is no such export.
    """
    clean = [line.translate(dict.fromkeys(map(ord, MARKS))).rstrip("\r\n") for line in lines]
    for style in (_stamped, _headed, _named):
        found = [one for one in style(clean) if one.text and not NO_TEXT.fullmatch(one.text)]
        if len({one.author for one in found}) > 1:
            return found
    raise UserError(
        "expected an export of WhatsApp or Discord, or lines such as 'Ann: My bike was stolen.', of two people at "
        "least; got none"
    )


def _stamped(lines: Sequence[str]) -> Iterator[Message]:
    """`[12/05/2024, 10:01:22] Ann: text` or `12/05/2024, 10:01 - Ann: text`, each with the lines that follow."""
    open_one: Message | None = None
    for number, line in enumerate(lines, start=1):
        stamp = BRACKETS.fullmatch(line) or DASH.fullmatch(line)
        if stamp is None:
            open_one = open_one and _longer(open_one, line)
            continue
        if open_one:
            yield open_one
        named = NAMED.fullmatch(stamp["rest"])
        written = named is not None and not OF_THE_PROGRAM.search(stamp["rest"])
        open_one = (
            Message(named["author"].strip(), (named["text"] or "").strip(), number) if named and written else None
        )
    if open_one:
        yield open_one


def _headed(lines: Sequence[str]) -> Iterator[Message]:
    """A line of time and author, as `[12-May-24 10:01 AM] ann` or `ann — Today at 10:01`, and its text under it."""
    open_one: Message | None = None
    for number, line in enumerate(lines, start=1):
        stamp = BRACKETS.fullmatch(line.strip()) or DISCORD.fullmatch(line.strip())
        if stamp is None:
            if not HEADER_LINES.fullmatch(line.strip()):
                open_one = open_one and _longer(open_one, line)
            continue
        if open_one:
            yield open_one
        author = stamp.groupdict().get("author") or stamp.groupdict().get("rest") or ""
        open_one = Message(re.sub(r"\s*\(pinned\)$", "", author.strip()), "", number)
    if open_one:
        yield open_one


def _named(lines: Sequence[str]) -> Iterator[Message]:
    """`Ann: text`, each with the lines that follow. The first line has to be one."""
    open_one: Message | None = None
    for number, line in enumerate(lines, start=1):
        named = NAMED.fullmatch(line)
        if named is None or len(named["author"].split()) > 3:
            if open_one is None and line.strip():
                return
            open_one = open_one and _longer(open_one, line)
            continue
        if open_one:
            yield open_one
        open_one = Message(named["author"].strip(" *#>-"), (named["text"] or "").strip(), number)
    if open_one:
        yield open_one


def _longer(message: Message, line: str) -> Message:
    return message._replace(text=f"{message.text} {line.strip()}".strip())
