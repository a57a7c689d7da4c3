"""Reading the JSON files of a run folder, with errors that name the file and say what to do."""

import json
from pathlib import Path
from typing import Any

from pipelines.errors import UserError

SCHEMA_VERSION = 1
TRAIN_AGAIN = "remove its run folder and train it again"


def read_json(path: Path, remedy: str = TRAIN_AGAIN) -> dict[str, Any]:
    """The JSON object in `path`. Raises UserError where it is missing or broken, ending with `remedy`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; {remedy}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not valid JSON ({first_line(error)}); {remedy}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a JSON object, found a {type(content).__name__}; {remedy}")
    return content


def check_schema(path: Path, content: dict[str, Any], again: str = "train the run again") -> None:
    """Raise UserError where `content` is of another schema version; `again` says how to make the file anew."""
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{path}: schema version {version}, this version of empathy reads {SCHEMA_VERSION}; "
            f"report it with the version that wrote it, or {again}"
        )


def first_line(error: Exception) -> str:
    """The first line of an error's message, cut to what fits into one of ours."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
