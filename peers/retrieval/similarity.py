"""How close responses are to contexts: a dot product, or that of what a response attends to in a context."""

import torch

SHARPNESS = 5.0  # of attention: at 0 every token counts the same, which is the mean that the encoder was pretrained for


def similarities(context: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    """Of n contexts and m responses: (n, m).

    With vectors (n, hidden) of contexts their dot products. With the states of their tokens (n, longest, hidden) each
    response attends to them, and is compared with their mean so weighted, by cosine: the last attention of the
    Poly-encoder (Humeau et al. 2020, arXiv:1905.01969), on the tokens themselves. Responses are still encoded alone.

    context: (n, hidden) or (n, longest, hidden), 0 after the end of each; response: (m, hidden), of length 1 for the
    latter.
    """
    if context.ndim == 2:
        return context @ response.T
    inside = context.any(dim=-1, keepdim=True)
    products = context @ response.T  # (n, longest, m)
    closeness = products / context.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    weights = (SHARPNESS * closeness).masked_fill(~inside, -torch.inf).softmax(dim=1)
    # The length of the weighted mean, without a mean of `hidden` numbers for each response.
    squares = (weights * (context @ context.transpose(1, 2) @ weights)).sum(dim=1)
    return (weights * products).sum(dim=1) / squares.clamp(min=1e-12).sqrt()
