"""Dot products, and what a response attends to in a context, against torch's own attention."""

import pytest
import torch
from torch.nn import functional

from peers.retrieval.similarity import SHARPNESS, similarities

LENGTHS = [7, 4, 2]


@pytest.fixture
def context() -> torch.Tensor:
    """States of three contexts of 7, 4 and 2 tokens, 0 after their ends."""
    states = torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(1))
    return states * (torch.arange(7) < torch.tensor(LENGTHS)[:, None])[..., None]


@pytest.fixture
def response() -> torch.Tensor:
    return functional.normalize(torch.randn(5, 16, generator=torch.Generator().manual_seed(2)), dim=-1)


def test_vectors_are_compared_by_their_dot_products(context: torch.Tensor, response: torch.Tensor) -> None:
    vectors = context.sum(dim=1)
    by_hand = [[float((one * other).sum()) for other in response] for one in vectors]
    torch.testing.assert_close(similarities(vectors, response), torch.tensor(by_hand))


def test_attention_is_that_of_torch_over_each_context_alone(context: torch.Tensor, response: torch.Tensor) -> None:
    found = similarities(context, response)
    assert found.shape == (3, 5)
    for row, length in enumerate(LENGTHS):
        tokens = context[row, :length]
        attended = functional.scaled_dot_product_attention(
            response[None], functional.normalize(tokens, dim=-1)[None], tokens[None], scale=SHARPNESS
        )[0]
        torch.testing.assert_close(found[row], functional.cosine_similarity(attended, response))


def test_a_context_of_one_token_is_compared_by_cosine(context: torch.Tensor, response: torch.Tensor) -> None:
    single = context[:, :1]
    expected = functional.normalize(single[:, 0], dim=-1) @ response.T
    torch.testing.assert_close(similarities(single, response), expected)


def test_a_token_close_to_the_response_counts_for_more_than_in_the_mean(response: torch.Tensor) -> None:
    tokens = torch.stack([response[0], *-response[1:4]])[None]
    mean = functional.cosine_similarity(tokens.mean(dim=1), response[:1])
    assert similarities(tokens, response[:1])[0, 0] > mean[0] + 0.2


def test_padding_neither_counts_nor_leaves_a_gradient_that_is_no_number(
    context: torch.Tensor, response: torch.Tensor
) -> None:
    longer = functional.pad(context, (0, 0, 0, 6)).requires_grad_()
    found = similarities(longer, response)
    torch.testing.assert_close(found, similarities(context, response))
    found.sum().backward()
    assert longer.grad is not None
    assert longer.grad.isfinite().all()
    assert longer.grad[0, :7].any()
