"""The context views that were read last, so that further replies to them cost less."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import torch

REMEMBERED = 4096  # contexts


class ContextMemory:
    """Vectors of the last `REMEMBERED` contexts, by their texts.

    They lie in one table on the CPU, and the texts are kept as digests: small pieces that outlive the large ones of a
    batch would leave holes between them, and the process would grow with the file that it scores.
    """

    def __init__(self, size: int = REMEMBERED) -> None:
        self.size = size
        self._places: OrderedDict[bytes, int] = OrderedDict()  # the least recent first
        self._table: torch.Tensor | None = None

    def has(self, text: str) -> bool:
        """Whether a context is remembered. It then counts as the most recent one."""
        key = _digest(text)
        if key in self._places:
            self._places.move_to_end(key)
            return True
        return False

    def remember(self, texts: Sequence[str], vectors: torch.Tensor) -> None:
        """Keep vectors (texts, hidden), in place of the least recent ones."""
        vectors = vectors.cpu()
        if self._table is None:
            self._table = vectors.new_zeros(self.size, vectors.shape[1])
        places = []
        for key in map(_digest, texts):
            place = self._places.pop(key, None)
            if place is None:
                place = len(self._places) if len(self._places) < self.size else self._places.popitem(last=False)[1]
            self._places[key] = place
            places.append(place)
        self._table[places] = vectors

    def recall(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors (texts, hidden). Raises KeyError for a context that is not remembered."""
        places = [self._places[_digest(text)] for text in texts]
        assert self._table is not None  # something was remembered
        return self._table[places]


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
