"""From a YAML file and flags to typed settings, and back."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonargparse import ArgumentParser, Namespace

from pipelines.errors import UserError
from pipelines.training.configuration import ExperimentSettings

Settings = TypeVar("Settings")


def settings_parser(kind: type[Settings], prog: str, description: str) -> ArgumentParser:
    """A parser with a flag for every setting of `kind`, all optional because a YAML gives them."""
    parser = ArgumentParser(prog=prog, description=description, exit_on_error=False)
    parser.usage = f"{prog} CONFIG.yaml [--key value ...]"
    parser.add_argument(
        "--config", action="config", metavar="CONFIG.yaml", help="the YAML; may be given without --config"
    )
    parser.add_class_arguments(kind, as_group=False)
    return parser


def parse_settings(kind: type[Settings], argv: Sequence[str], prog: str, description: str) -> Settings:
    """Read settings from `argv`: the path of a YAML first, then flags that override it.

    Raises UserError for an unknown key, a wrong type, a missing file or settings that do not fit together; SystemExit
    for `--help` and `--print_config`.
    """
    parser = settings_parser(kind, prog, description)
    arguments: list[str] = list(argv)
    if arguments and not arguments[0].startswith("-"):
        path = arguments[0]
        if not Path(path).is_file():
            raise UserError(f"{path}: expected a YAML file, there is none (you are in {os.getcwd()})")
        arguments = ["--config", path, *arguments[1:]]
    elif not any(argument.startswith(("--config", "--help", "-h")) for argument in arguments):
        raise UserError(f"expected the path of a YAML first: {parser.usage}")
    try:
        return _typed(kind, parser, parser.parse_args(arguments))
    except UserError:
        raise
    except Exception as error:  # jsonargparse wraps what a setting's own check raises in errors of several kinds
        raise UserError(_one_line(error)) from error


def settings_of(kind: type[Settings], values: dict[str, Any], where: str) -> Settings:
    """Typed settings from plain values. Raises UserError, with `where` they are from, as `parse_settings` does."""
    try:
        parser = settings_parser(kind, where, "")
        return _typed(kind, parser, parser.parse_object(values))
    except Exception as error:  # as in parse_settings
        raise UserError(f"{where}: {_one_line(error)}") from error


def _typed(kind: type[Settings], parser: ArgumentParser, found: Namespace) -> Settings:
    made = parser.instantiate_classes(found)
    return kind(**{key: value for key, value in vars(made).items() if key != "config"})


def _one_line(error: BaseException) -> str:
    """The user's own mistake, out of the chain of errors around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())


def flags_of(overrides: Mapping[str, Any]) -> list[str]:
    """Flags that set dotted keys to values."""
    return [
        f"--{key}={yaml.safe_dump(value, default_flow_style=True).strip().removesuffix('...').strip()}"
        for key, value in overrides.items()
    ]


def load_experiment(path: str, overrides: dict[str, Any] | None = None) -> ExperimentSettings:
    """Read an experiment YAML with dotted `overrides` on top. Raises UserError as `parse_settings` does."""
    try:
        return parse_settings(ExperimentSettings, [path, *flags_of(overrides or {})], "empathy train", "")
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
