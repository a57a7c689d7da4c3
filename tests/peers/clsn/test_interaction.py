"""The attention of the two tasks, calculated again without the layers."""

import torch
from torch.nn import functional

from peers.clsn.interaction import InteractiveAttention, LabelSignal

HIDDEN = 8


def attended(layer: torch.nn.Module, states: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """One head of attention of (length, hidden) over (others, hidden), residual and norm, from a layer's weights."""
    attention, norm = layer.attention, layer.norm
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    query = states @ weights[0].T + biases[0]
    key, value = (others @ weights[place].T + biases[place] for place in (1, 2))
    found = torch.softmax(query @ key.T / HIDDEN**0.5, dim=-1) @ value
    found = found @ attention.out_proj.weight.T + attention.out_proj.bias
    return functional.layer_norm(states + found, (HIDDEN,), norm.weight, norm.bias)


@torch.no_grad()
def test_each_task_attends_over_the_other_without_its_padding() -> None:
    torch.manual_seed(1)
    layer = InteractiveAttention(HIDDEN, heads=1).eval()
    direction, intent = torch.randn(2, 5, HIDDEN), torch.randn(2, 5, HIDDEN)
    lengths = [5, 3]
    inside = torch.arange(5) < torch.tensor(lengths)[:, None]
    found = layer(direction, intent, inside)
    for row, length in enumerate(lengths):
        own, other = direction[row, :length], intent[row, :length]
        torch.testing.assert_close(found[0][row, :length], attended(layer.direction, own, other))
        torch.testing.assert_close(found[1][row, :length], attended(layer.intent, other, own))


@torch.no_grad()
def test_a_signal_is_the_label_embedding_of_the_prediction() -> None:
    torch.manual_seed(1)
    signal = LabelSignal(HIDDEN, heads=1, num_directions=3, num_intents=4)
    sure = 100 * torch.eye(4)
    signals = signal.signals(sure[[1, 0], :3], torch.stack([sure[3], torch.zeros(4)]))
    expected = [signal.direction_labels.weight[1], signal.intent_labels.weight[3]]
    torch.testing.assert_close(signals[0], torch.stack(expected))
    torch.testing.assert_close(signals[1, 1], signal.intent_labels.weight.mean(dim=0))


@torch.no_grad()
def test_tokens_of_both_tasks_attend_over_both_signals() -> None:
    torch.manual_seed(1)
    signal = LabelSignal(HIDDEN, heads=1, num_directions=3, num_intents=4).eval()
    direction, intent, signals = torch.randn(2, 5, HIDDEN), torch.randn(2, 5, HIDDEN), torch.randn(2, 2, HIDDEN)
    found = signal(direction, intent, signals)
    for row in range(2):
        torch.testing.assert_close(found[0][row], attended(signal.direction, direction[row], signals[row]))
        torch.testing.assert_close(found[1][row], attended(signal.intent, intent[row], signals[row]))
