import pytest
import torch

import mvc
from pipelines.training.configuration import StageSettings
from pipelines.training.optimizer import build_optimizer


def test_encoder_and_heads_have_their_rates_and_only_matrices_decay(tiny_bert: str) -> None:
    model = mvc.Model.from_encoder(tiny_bert, view_length=64)
    stage = StageSettings("cascade", learning_rate=1e-4, head_learning_rate=1e-2, weight_decay=0.1)
    optimizer, _ = build_optimizer(model, stage, steps=10)
    settings = {
        id(parameter): (group["initial_lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    named = dict(model.named_parameters())
    assert len(settings) == len(named)
    assert settings[id(named["encoder.backbone.encoder.layer.0.attention.self.query.weight"])] == (1e-4, 0.1)
    assert settings[id(named["encoder.backbone.encoder.layer.0.attention.self.query.bias"])] == (1e-4, 0.0)
    assert settings[id(named["encoder.backbone.embeddings.LayerNorm.weight"])] == (1e-4, 0.0)
    assert settings[id(named["empathy_head.out.weight"])] == (1e-2, 0.1)
    assert settings[id(named["emotion_head.dense.bias"])] == (1e-2, 0.0)


def test_the_rate_rises_over_the_warm_up_and_falls_to_0() -> None:
    module = torch.nn.Linear(2, 1)
    stage = StageSettings("multitask", learning_rate=1.0, warmup=0.2)
    optimizer, scheduler = build_optimizer(module, stage, steps=10)
    rates = []
    for _ in range(10):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125])
    assert scheduler.get_last_lr()[0] == 0
