"""What `--help` shows of settings: a group for each section, first what is needed first, last what is seldom needed."""

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, NamedTuple

from docstring_parser import parse

from pipelines.training.typed import came, default_of, hints_of, items_of, section_of, wanted

WIDEST = 110  # columns
FIRST, SELDOM = "needed first", "seldom needed"
ORDER = ("data", "encoder", "stages", "model")  # of the sections; then those within them


class Entry(NamedTuple):
    """A setting: the title of its group, its dotted key, what may be given, what it says of itself."""

    group: str
    key: str
    metavar: str
    text: str


def help_text(kind: type, prog: str, description: str) -> str:
    """The help of a command whose settings are of `kind`."""
    width = min(shutil.get_terminal_size().columns, WIDEST)

    def formatter(prog: str) -> argparse.HelpFormatter:
        return argparse.HelpFormatter(prog, max_help_position=34, width=width)

    parser = argparse.ArgumentParser(
        prog=prog, usage=f"{prog} CONFIG.yaml [--key=value ...]", description=description, add_help=False,
        formatter_class=formatter, allow_abbrev=False,
        epilog="Every key of the YAML is a flag, and goes over the YAML. A list: --seeds=[17,39]. Nothing: --key=null.",
    )  # fmt: skip
    entries = [*_entries(kind, FIRST, "")]
    sections = {entry.group for entry in entries} - {FIRST, SELDOM}
    titles = sorted(sections, key=lambda title: (title.partition(":")[0].count("."), _rank(title), title))
    first = parser.add_argument_group(FIRST)
    first.add_argument("CONFIG.yaml", help="the settings; copy one of configs/ to begin with")
    groups = {FIRST: first} | {title: parser.add_argument_group(title) for title in [*titles, SELDOM]}
    for entry in sorted(entries, key=lambda entry: "(required)" not in entry.text):
        groups[entry.group].add_argument(f"--{entry.key}", metavar=entry.metavar, help=entry.text.replace("%", "%%"))
    groups[SELDOM].add_argument("--print_config", action="store_true", help="print all settings as resolved, and stop")
    groups[SELDOM].add_argument("-h", "--help", action="store_true", help="show this")
    return parser.format_help()


def _entries(kind: type, group: str, prefix: str) -> Iterator[Entry]:
    """The settings of `kind`: its own first, then section by section."""
    described = _descriptions(kind)
    later = []
    for one in fields(kind):
        hint = hints_of(kind)[one.name]
        key = f"{prefix}{one.name}"
        own = SELDOM if one.metadata.get("seldom") else group
        inner = section_of(hint) or items_of(hint)
        if inner is not None:
            title = f"{key}: {described[one.name].removesuffix('.')}"
            later.append((inner, title, f"{key}."))
            if section_of(hint) is not None and default_of(one) is not None:
                continue  # a section that is always there: its keys say all
            own = title
        yield Entry(own, key, *_about(one, hint, described[one.name]))
    for inner, title, inner_prefix in later:
        yield from _entries(inner, title, inner_prefix)


def _about(one: "Field[Any]", hint: Any, text: str) -> tuple[str, str]:
    default = default_of(one)
    if default is MISSING:
        ending = "(required)"
    elif isinstance(default, list) and default and is_dataclass(default[0]):
        ending = ""
    else:
        ending = f"(default: {default if isinstance(default, (str, list)) else came(default)})"
    return _metavar(hint), f"{text} {ending}".strip()


def _metavar(hint: Any) -> str:
    words = wanted(hint).removesuffix(", or null")
    if words.startswith("one of "):
        return "{" + words.removeprefix("one of ").replace(", ", ",") + "}"
    named = {"a whole number": "N", "a number": "X", "true or false": "{true,false}", "a text": "TEXT"}
    return named.get(words, "[...]" if words.startswith("a list") else "{...}")


def _descriptions(kind: type) -> dict[str, str]:
    """What the docstrings of `kind` and of the classes that it is made from say of each setting."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if is_dataclass(one) and one.__doc__:
            for parameter in parse(one.__doc__).params:
                found[parameter.arg_name] = " ".join((parameter.description or "").split())
    return {one.name: found.get(one.name, "") for one in fields(kind)}


def _rank(title: str) -> int:
    name = title.partition(":")[0].partition(".")[0]
    return ORDER.index(name) if name in ORDER else len(ORDER)
