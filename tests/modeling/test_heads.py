"""Heads by hand."""

import torch

from modeling.heads import EmpathyHead, Head


def test_head_is_two_layers_with_tanh_between() -> None:
    head = Head(3, 2, 1, dropout=0.5).eval()
    with torch.no_grad():
        head.dense.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1, -1]]))
        head.dense.bias.copy_(torch.tensor([0.0, 0.5]))
        head.out.weight.copy_(torch.tensor([[2.0, -1.0]]))
        head.out.bias.fill_(0.25)
    given = torch.tensor([[0.5, 1.0, 2.0]])
    by_hand = 2 * torch.tanh(torch.tensor(0.5)) - torch.tanh(torch.tensor(-0.5)) + 0.25
    torch.testing.assert_close(head(given), by_hand.reshape(1, 1))


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    head, features = Head(16, 16, 4, dropout=0.5), torch.randn(8, 16)
    assert not torch.equal(head(features), head(features))
    head.eval()
    assert torch.equal(head(features), head(features))
    assert head(features).shape == (8, 4)


def test_empathy_head_gives_one_unbounded_score_an_example() -> None:
    head = EmpathyHead(16, 16, dropout=0.0, init=3.5)
    with torch.no_grad():
        head.out.weight.fill_(1.0)
        head.dense.weight.fill_(1.0)
    scores = head(torch.tensor([[9.0] * 16, [-9.0] * 16]))
    assert scores.shape == (2,)
    assert scores[0] > 10
    assert scores[1] < -10
    assert head.out.first_bias == 3.5
