"""Hidden states of rows that a frozen encoder has read: they never change, so each row is read once."""

from collections.abc import Callable

import torch

AT_ONCE = 8  # rows of similar length that a CPU reads together, so that there is little padding
LARGEST = 2**30  # bytes of states that are kept; rows beyond are read each time

Encode = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
# By what tells the encoder's weights apart: the models of a sweep that start from one encoder share what was read.
_KNOWN: dict[str, "RowMemory"] = {}


class RowMemory:
    """States of rows by their tokens and views, in the main memory."""

    def __init__(self) -> None:
        self.states: dict[bytes, torch.Tensor] = {}
        self.size = 0

    @classmethod
    def of(cls, encoder: str) -> "RowMemory":
        """The memory of an encoder; that of the one before is given up."""
        if encoder not in _KNOWN:
            _KNOWN.clear()
            _KNOWN[encoder] = cls()
        return _KNOWN[encoder]

    @torch.no_grad()
    def encode(self, input_ids: torch.Tensor, view_ids: torch.Tensor, encode: Encode) -> torch.Tensor:
        """Hidden states (batch, length, hidden), 0 for padding, of packed rows (batch, length); `encode` reads new."""
        lengths = (view_ids != 0).sum(dim=1).tolist()
        rows = torch.stack([input_ids, view_ids], dim=-1).cpu()
        keys = [row[:length].numpy().tobytes() for row, length in zip(rows, lengths, strict=True)]
        new = [place for place, key in enumerate(keys) if key not in self.states]
        new.sort(key=lambda place: lengths[place])
        fresh: dict[int, torch.Tensor] = {}
        size = AT_ONCE if input_ids.device.type == "cpu" else max(1, len(new))
        for start in range(0, len(new), size):
            part = new[start : start + size]
            longest = lengths[part[-1]]
            states = encode(input_ids[part, :longest], view_ids[part, :longest])
            fresh |= {place: row[: lengths[place]] for place, row in zip(part, states, strict=True)}
        for place, row in fresh.items():
            if self.size + row.nbytes <= LARGEST:
                self.states[keys[place]] = row.cpu().clone()
                self.size += row.nbytes
        first = fresh[new[0]] if new else self.states[keys[0]]
        found = torch.zeros(*input_ids.shape, first.shape[-1], dtype=first.dtype, device=input_ids.device)
        for place, (key, length) in enumerate(zip(keys, lengths, strict=True)):
            found[place, :length] = fresh[place] if place in fresh else self.states[key].to(found.device)
        return found
