"""The interactions of the tasks, calculated again sentence by sentence, without padding."""

import pytest
import torch
from torch.nn import functional

from peers.clsn_baselines.co_gat import CoGAT, GraphAttention
from peers.clsn_baselines.dcr_net import DCRNet, attend
from peers.clsn_baselines.joint_id_sf import JointIDSF
from peers.clsn_baselines.recurrence import BothWays

HIDDEN = 8
LENGTHS = [5, 3, 1]


@pytest.fixture
def states() -> torch.Tensor:
    return torch.randn(3, 6, HIDDEN, generator=torch.Generator().manual_seed(2))  # one token of padding for all


INSIDE = torch.arange(6) < torch.tensor(LENGTHS)[:, None]


def read_alone(network: BothWays, sentence: torch.Tensor) -> torch.Tensor:
    """What torch's own network of both directions makes of one sentence (length, hidden) with the same weights."""
    both = type(network.from_start)(HIDDEN, HIDDEN // 2, batch_first=True, bidirectional=True)
    of_start, of_end = network.from_start.state_dict(), network.from_end.state_dict()
    both.load_state_dict(of_start | {f"{name}_reverse": weights for name, weights in of_end.items()})
    return both(sentence)[0]


@pytest.mark.parametrize("recurrence", [torch.nn.LSTM, torch.nn.GRU])
@torch.no_grad()
def test_recurrence_ends_where_the_sentence_does(
    recurrence: type[torch.nn.LSTM] | type[torch.nn.GRU], states: torch.Tensor
) -> None:
    torch.manual_seed(1)
    network = BothWays(recurrence, HIDDEN)
    found = network(states, INSIDE)
    assert found.shape == states.shape
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(found[row, :length], read_alone(network, states[row, :length]))


def test_recurrence_learns_nothing_from_padding(states: torch.Tensor) -> None:
    network = BothWays(torch.nn.LSTM, HIDDEN)
    states.requires_grad_()
    network(states, INSIDE)[INSIDE].square().sum().backward()
    assert states.grad is not None
    assert bool((states.grad[~INSIDE] == 0).all())
    assert bool((states.grad[INSIDE] != 0).any(dim=-1).all())


@torch.no_grad()
def test_joint_id_sf(states: torch.Tensor) -> None:
    torch.manual_seed(1)
    network = JointIDSF(HIDDEN)
    found = network(states, INSIDE)
    for row, length in enumerate(LENGTHS):
        read = read_alone(network.gru, states[row, :length])
        for vectors, pooling in zip(found, (network.direction_pooling, network.intent_pooling), strict=True):
            scores = [float(pooling.score(torch.tanh(pooling.dense(state)))) for state in read]
            weights = torch.softmax(torch.tensor(scores), dim=0)
            torch.testing.assert_close(vectors[row], sum(w * state for w, state in zip(weights, read, strict=True)))


@torch.no_grad()
def test_co_attention_of_dcr_net(states: torch.Tensor) -> None:
    others = states.flip(-1)
    found = attend(states, others, INSIDE)
    for row, length in enumerate(LENGTHS):
        own, other = states[row, :length], others[row, :length]
        expected = own + torch.softmax(own @ other.T, dim=-1) @ other
        torch.testing.assert_close(found[row, :length], expected)


@torch.no_grad()
def test_dcr_net_stacks_three_relation_layers(states: torch.Tensor) -> None:
    torch.manual_seed(1)
    network = DCRNet(HIDDEN)
    assert len(network.layers) == 3
    found = network(states, INSIDE)
    for row, length in enumerate(LENGTHS):
        direction = intent = states[row, :length]
        for layer in network.layers:
            own, other = torch.tanh(layer.direction_dense(direction)), read_alone(layer.intent_lstm, intent)
            direction = own + torch.softmax(own @ other.T, dim=-1) @ other
            intent = other + torch.softmax(other @ own.T, dim=-1) @ own
        torch.testing.assert_close(found[0][row], direction.max(dim=0).values)
        torch.testing.assert_close(found[1][row], intent.max(dim=0).values)


@torch.no_grad()
def test_graph_attention_node_by_node(states: torch.Tensor) -> None:
    torch.manual_seed(1)
    layer, heads = GraphAttention(HIDDEN, heads=2), 2
    direction, intent = states, states.flip(-1)
    found = layer(direction, intent, INSIDE)
    for row, length in enumerate(LENGTHS):
        own = [layer.direction(direction[row, :length]), layer.intent(intent[row, :length])]
        nodes = torch.cat(own).reshape(2 * length, heads, HIDDEN // heads)
        expected = []
        for node in nodes:
            parts = []
            for head in range(heads):
                vector = torch.cat([layer.of_node[head], layer.of_neighbour[head]])
                scores = [vector @ torch.cat([node[head], other[head]]) for other in nodes]
                weights = torch.softmax(functional.leaky_relu(torch.stack(scores), 0.2), dim=0)
                parts.append(functional.elu((weights[:, None] * nodes[:, head]).sum(dim=0)))
            expected.append(torch.cat(parts))
        update = torch.stack(expected)
        torch.testing.assert_close(found[0][row, :length], direction[row, :length] + update[:length])
        torch.testing.assert_close(found[1][row, :length], intent[row, :length] + update[length:])


@torch.no_grad()
def test_co_gat_reads_each_task_and_stacks_two_layers(states: torch.Tensor) -> None:
    torch.manual_seed(1)
    network = CoGAT(HIDDEN, heads=2)
    assert len(network.layers) == 2
    found = network(states, INSIDE)
    for row, length in enumerate(LENGTHS):
        one, inside = states[row : row + 1, :length], INSIDE[row : row + 1, :length]
        nodes = network.direction_lstm(one, inside), network.intent_lstm(one, inside)
        for layer in network.layers:
            nodes = layer(*nodes, inside)
        for vectors, alone in zip(found, nodes, strict=True):
            torch.testing.assert_close(vectors[row], alone[0].max(dim=0).values)
