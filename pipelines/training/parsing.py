"""From a YAML file and flags to typed settings, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

import yaml

from pipelines.errors import UserError, did_you_mean
from pipelines.training.configuration import ExperimentSettings
from pipelines.training.typed import SettingError, hint_of, keys_of, put, settings_from, value_of_flag
from pipelines.training.yaml_file import YamlFile, dotted_key, read_yaml

Settings = TypeVar("Settings")
HELP, PRINT_CONFIG = ("-h", "--help"), "print_config"
# A key that only one command's settings have.
COMMAND_OF = {"configs": "ablate", "stages": "train", "functions": "label", "responses": "audit", "corpora": "probe"}
APPEND = "+"  # --stages+=... puts an item at the end of a list


class CommandLine(NamedTuple):
    """config: the path of the YAML, None where there is none. flags: key and text of the others, in their order."""

    config: str | None
    flags: list[tuple[str, str]]
    help: bool
    print_config: bool


def read_command_line(argv: Sequence[str]) -> CommandLine:
    """Take a command line apart: one YAML, wherever it stands, and flags, `--key=value` or `--key value`.

    Raises UserError for a second YAML, a flag without a value, and what is neither.
    """
    configs: list[str] = []
    flags: list[tuple[str, str]] = []
    helped = printed = False
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, equals, text = word.removeprefix("--").partition("=")
        if word in HELP:
            helped = True
        elif name == PRINT_CONFIG:
            printed = True
        elif not word.startswith("-"):
            if configs:
                raise UserError(f"expected one YAML and flags (--key=value), got {word!r} as well{_meant(word, flags)}")
            configs.append(word)
        elif not word.startswith("--"):
            raise UserError(f"{word}: expected a flag with two dashes, --key=value; -h shows them all")
        else:
            if not equals:
                if not rest or rest[0].startswith("--"):
                    raise UserError(f"--{name}: expected a value, got none; write --{name}=VALUE")
                text = rest.pop(0)
            if name == "config":
                configs.append(text)
            else:
                flags.append((name, text))
    return CommandLine(configs[0] if configs else None, flags, helped, printed)


def _meant(word: str, flags: Sequence[tuple[str, str]]) -> str:
    if "=" in word:
        return f"; write --{word}"
    return f"; a list is one flag: --{flags[-1][0]}=[{flags[-1][1]},{word}]" if flags else ""


def parse_settings(
    kind: type[Settings], argv: Sequence[str], prog: str, description: str, inner: type | None = None
) -> Settings:
    """Read settings from `argv`: the path of a YAML, and flags that override it.

    inner: other settings, whose flags are taken as well and put into `overrides`, a setting of `kind`. Raises UserError
    for an unknown key, a wrong type, a missing file or settings that do not fit together; SystemExit for `--help` and
    `--print_config`, which print to standard output.
    """
    line = read_command_line(argv)
    if line.help:
        from pipelines.training.settings_help import help_text

        print(help_text(kind, prog, description))
        raise SystemExit(0)
    if line.config is None:
        raise UserError(f"expected the path of a YAML first: {prog} CONFIG.yaml [--key=value ...]")
    file = read_yaml(line.config)
    for key, command in COMMAND_OF.items():
        if key in file.values and hint_of(kind, key) is None and not prog.endswith(command):
            raise UserError(
                f"{file.path}: expected settings of {prog}, it has {key}; run: empathy {command} {file.path}"
            )
    overrides = {}
    for flag, text in line.flags:
        key = flag.removesuffix(APPEND)
        hint = hint_of(kind, key)
        where = kind
        if hint is None and inner is not None:
            hint, where = hint_of(inner, key), inner
        if hint is None:
            known = [*keys_of(kind), *(keys_of(inner) if inner is not None else ())]
            raise UserError(f"--{flag}: no such setting{_hint(key, known)}")
        value = value_of_flag(Any if flag.endswith(APPEND) else hint, text)
        overrides[flag if where is kind else f"overrides.{flag}"] = value
    settings = settings_with(kind, file, overrides)
    if line.print_config:
        print(yaml.safe_dump(asdict(settings), sort_keys=False, allow_unicode=True), end="")  # type: ignore[call-overload]
        raise SystemExit(0)
    return settings


def _hint(key: str, known: Sequence[str]) -> str:
    return did_you_mean(key, known, "--") or "; --help shows them all"


def settings_with(kind: type[Settings], file: YamlFile, overrides: Mapping[str, Any]) -> Settings:
    """Settings from a YAML with dotted `overrides` on top. Raises UserError that says where what is wrong stands."""
    changed = {key.removesuffix(APPEND) for key in overrides}
    try:
        for key, value in overrides.items():
            put(kind, file.values, key.removesuffix(APPEND), value, append=key.endswith(APPEND))
        return settings_from(kind, file.values)
    except SettingError as error:
        key = dotted_key(error.key)
        overridden = any(key == one or key.startswith(f"{one}.") for one in changed)
        raise UserError(str(error) if overridden else f"{file.place(error.key)}: {error}") from error


def settings_of(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Typed settings from plain values. Raises UserError, with `where` they are from, as `parse_settings` does."""
    try:
        return settings_from(kind, values)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def flags_of(overrides: Mapping[str, Any]) -> list[str]:
    """Flags that set dotted keys to values."""
    return [
        f"--{key}={yaml.safe_dump(value, default_flow_style=True).strip().removesuffix('...').strip()}"
        for key, value in overrides.items()
    ]


def load_experiment(path: str, overrides: Mapping[str, Any] | None = None) -> ExperimentSettings:
    """Read an experiment YAML with dotted `overrides` on top. Raises UserError as `parse_settings` does."""
    try:
        return settings_with(ExperimentSettings, read_yaml(path), overrides or {})
    except UserError as error:
        raise error if str(error).startswith(path) else UserError(f"{path}: {error}") from error
