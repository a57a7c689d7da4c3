"""A released scorer's encoder, its adapter merged, as an encoder to train on: `release:` or `release:FOLDER`."""

import json
from pathlib import Path

from pipelines.atomic import write_with
from pipelines.errors import UserError

PREFIX = "release:"


def release_folder(name: str) -> Path:
    """The release that `release:FOLDER` names; without a folder the one that is installed."""
    from pipelines.scoring.checkpoint import RELEASED

    given = name.removeprefix(PREFIX)
    return Path(given) if given else RELEASED


def merged_encoder_folder(name: str) -> str:
    """The folder of that release's encoder in the form that transformers reads, made at the first call and kept.

    It lies beside the 8-bit encoders, named after all that the release's scores depend on. Raises OSError where the
    folder holds no release, its base encoder is missing or another one, or the cache cannot be written.
    """
    from pipelines.scoring.checkpoint import SCORER, expect_release, fingerprint
    from pipelines.scoring.int8 import CACHE_VARIABLE, cache_folder
    from pipelines.scoring.network import merged_weights

    release = release_folder(name)
    try:
        expect_release(release)
        target = cache_folder() / f"encoder-{fingerprint(release)[:16]}"
        if target.is_dir():
            return str(target)
        base = json.loads((release / SCORER).read_text(encoding="utf-8"))["encoder"]
        weights = merged_weights(release, base)
    except (UserError, ValueError, KeyError) as error:
        raise OSError(f"encoder {name!r}: {error}") from error
    from modeling.encoder import load_backbone, load_tokenizer

    backbone, tokenizer = load_backbone(base["name_or_path"]), load_tokenizer(base["name_or_path"])
    own = backbone.state_dict()
    backbone.load_state_dict(own | {key: value for key, value in weights.items() if key in own})

    def write(folder: Path) -> None:
        backbone.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    try:
        write_with(target, write)
    except (UserError, OSError) as error:
        raise OSError(f"encoder {name!r}: {error}; a folder to keep it in is named by {CACHE_VARIABLE}") from error
    return str(target)
