"""The released network is the trained one, read without transformers, or refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModel

from modeling.encoder import load_tokenizer
from pipelines.data.collator import collate
from pipelines.data.encoding import encode_views
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.checkpoint import read_model
from pipelines.scoring.network import ADAPTER, NetworkSettings, encoder_folder, encoder_weights, merge_adapter
from pipelines.scoring.reader import pair_row
from tests.pipelines.scoring.conftest import write_release

ROWS = [
    pair_row([{"role": "speaker", "text": "Our old cat died last week."}], "I am so sorry. You must miss her."),
    pair_row([{"role": "speaker", "text": "They towed my van!"}], "Buy a lamp."),
]


@torch.no_grad()
def test_network_and_model_judge_alike(tiny_encoder: str, tmp_path: Path) -> None:
    trained = write_release(tmp_path, tiny_encoder)
    scorer, model = EmpathyScorer.from_pretrained(tmp_path), read_model(tmp_path)
    tokenizer = load_tokenizer(tiny_encoder)
    batch = collate(encode_views(ROWS, trained.views, "speaker_turns", tokenizer, 48), tokenizer.pad_token_id)
    expected = trained(batch["input_ids"], batch["view_ids"])
    found = scorer.judge(ROWS)
    same = model(batch["input_ids"], batch["view_ids"])
    for name in ("empathy", "quality", "belonging", "occasion"):
        torch.testing.assert_close(getattr(found, name), expected[name], rtol=0, atol=1e-4)
        torch.testing.assert_close(same[name], expected[name], rtol=0, atol=1e-4)
    assert expected.empathy.std() > 0.01


# Releases of peft up to 0.21 ask transformers for a property by a name that is deprecated there.
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_the_adapter_is_merged_as_peft_merges_it(tiny_encoder: str, tmp_path: Path) -> None:
    write_release(tmp_path, tiny_encoder)
    adapted = PeftModel.from_pretrained(AutoModel.from_pretrained(tiny_encoder), tmp_path / ADAPTER)
    expected = adapted.merge_and_unload().state_dict()
    weights = encoder_weights(Path(tiny_encoder))
    before = dict(weights)
    merge_adapter(weights, tmp_path / ADAPTER)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-6)
    changed = [name for name in weights if not torch.equal(weights[name], before[name])]
    assert len(changed) == 12  # six linear layers in each of two layers


@pytest.mark.parametrize("change", [{"use_dora": True}, {"peft_type": "IA3"}, {"rank_pattern": {"query": 4}}])
def test_an_adapter_of_another_kind(release: Path, tiny_encoder: str, change: dict[str, object]) -> None:
    path = release / ADAPTER / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match="adapter: expected a plain one of type LORA, got"):
        merge_adapter(encoder_weights(Path(tiny_encoder)), release / ADAPTER)


def test_a_network_without_gates(release: Path) -> None:
    path = release / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gate": False}))
    with pytest.raises(ValueError, match="expected a network with relevance and gate"):
        NetworkSettings.read(path)


def test_an_encoder_of_the_hub_that_cannot_be_reached() -> None:
    with pytest.raises(OSError, match="'nobody/no-such-encoder': expected a Hub id that can be reached"):
        encoder_folder("nobody/no-such-encoder")


def test_scoring_imports_neither_transformers_nor_scipy() -> None:
    """Their imports take longer than all the rest of a first score."""
    code = (
        "import sys; from pipelines.scoring import EmpathyScorer; "
        "EmpathyScorer.from_pretrained().score('I lost my job.', 'Oh no, I am sorry.'); "
        "print([name for name in ('transformers', 'peft', 'scipy', 'sklearn', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
