"""The encoder's tokenizer for scoring: the ids of transformers' fast tokenizer, without importing transformers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from tokenizers import Tokenizer

SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


class FastTokenizer:
    """What `encode_views` asks of a tokenizer, and the ids that attributions need."""

    def __init__(self, folder: Path) -> None:
        """folder: of a pretrained encoder. Raises OSError or ValueError where it holds no fast tokenizer."""
        missing = [name for name in ("tokenizer.json", "tokenizer_config.json") if not (folder / name).is_file()]
        if missing:
            raise OSError(f"{folder}: expected the files of a fast tokenizer, there is no {' and no '.join(missing)}")
        self.tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.truncation_side: Literal["left", "right"] = "right"
        described = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        given = {name: described[name] for name in SPECIAL_TOKENS if described.get(name)}
        tokens = {name: one["content"] if isinstance(one, dict) else one for name, one in given.items()}
        ids: dict[str, Any] = {name: self.tokenizer.token_to_id(token) for name, token in tokens.items()}
        self.sep_token: str = tokens["sep_token"]
        self.pad_token_id: int = ids["pad_token"]
        self.mask_token_id: int = ids["mask_token"]
        self.unk_token_id: int = ids["unk_token"]
        self.all_special_ids: list[int] = sorted(set(ids.values()))

    def __call__(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        add_special_tokens: bool = True,
        truncation: bool | Literal["only_first"] = False,
        max_length: int | None = None,
        return_offsets_mapping: bool = False,
        verbose: bool = True,
    ) -> dict[str, list[Any]]:
        """input_ids of texts or of pairs of texts, and with return_offsets_mapping the offset_mapping of their tokens.

        truncation: True cuts a single text to max_length, "only_first" the first of a pair.
        """
        if truncation:
            strategy = "longest_first" if truncation is True else truncation
            self.tokenizer.enable_truncation(max_length, strategy=strategy, direction=self.truncation_side)
        else:
            self.tokenizer.no_truncation()
        given = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        encoded = self.tokenizer.encode_batch(given, add_special_tokens=add_special_tokens)
        found: dict[str, list[Any]] = {"input_ids": [one.ids for one in encoded]}
        if return_offsets_mapping:
            found["offset_mapping"] = [one.offsets for one in encoded]
        return found

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens of a row of one text, or of two."""
        return self.tokenizer.num_special_tokens_to_add(pair)

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The tokens of ids, as the vocabulary spells them."""
        return [self.tokenizer.id_to_token(one) for one in ids]
