"""The model card of a run, made from its results."""

from collections.abc import Mapping
from typing import Any

_CARD = """---
license: apache-2.0
language: en
tags: [empathy, emotion, dialogue, empathy-cascade]
---

# {family} on {corpus}

Predicts a speaker's emotion (32 classes) and how empathic a listener's reply is (1 to 5). Trained by empathy-cascade
(family `{family}`, lambda_emo {lambda_emo:g}, seed {seed}) on the encoder `{encoder}`.

```python
import torch
from transformers import AutoModel, AutoTokenizer

import {module}  # of the package empathy-cascade; AutoModel knows the model type only after it
from pipelines.data.collator import collate
from pipelines.data.encoding import encode_views

folder = "."  # the folder of this card
model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
said = [{{"role": "speaker", "text": "I got promoted today!"}}]
pair = {{"situation": "", "dialogue_context": said, "response": "Congratulations!"}}
rows = encode_views([pair], model.views, model.config.context_view, tokenizer, model.config.view_length)
batch = collate(rows, tokenizer.pad_token_id)
with torch.no_grad():
    output = model(batch["input_ids"], batch["view_ids"])
print(output.empathy, model.config.id2label[int(output.emotion_logits.argmax())])
```

- Corpus: `{corpus}`; scores from: `{label_source}`; context view: `{context_view}`; stages: {stages}.
- Examples: {train} train, {valid} valid, {test} test (the corpus's `{test_split}` split).
- Made-up training pairs: `{augmentation}`; shown to the model, context, response or both: `{seen}`.
- Signature: `{signature}`

| test metric | figure |
|---|---|
{rows}

One seed; means and intervals over seeds are in the experiment's report. The weights are under Apache-2.0; the corpus
has terms of its own, which may restrict what a model trained on it is used for.

The score measures text, as the labels above define it. It is no judgement of a person, and no clinical measure.
"""


def model_card(results: Mapping[str, Any], module: str) -> str:
    """Markdown with front matter, from the content of results.json. module: what registers the family's network."""
    counts = results["counts"]
    rows = [
        f"| {task} {name} | {value if name == 'n' else f'{value:.4f}'} |"
        for task, figures in results["metrics"]["test"].items()
        for name, value in figures.items()
        if value is not None
    ]
    values = dict(results) | {split: counts[split]["examples"] for split in ("train", "valid", "test")}
    values |= {"module": module, "stages": ", ".join(results["stages"]), "rows": "\n".join(rows)}
    return _CARD.format(**values)
