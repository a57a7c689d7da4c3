"""The model card of a peer's run, made from its results."""

from collections.abc import Mapping
from typing import Any

_CARD = """---
license: apache-2.0
language: en
tags: [empathy, dialogue, empathy-cascade]
---

# {peer}, {variant}

{about} Trained by empathy-cascade on the encoder `{encoder}`, seed {seed}, to stand beside the cascade.

```python
{reading}
```

- Examples: {train} train, {valid} valid, {test} test.
- Signature: `{signature}`

| test metric | figure |
|---|---|
{rows}

One seed; means and intervals over seeds are in docs/results/literature.md of the project. The weights are under
Apache-2.0; the corpus has terms of its own, which may restrict what a model trained on it is used for.
"""


AUTO_MODEL = """from transformers import AutoModel

import {module}  # of the package empathy-cascade; AutoModel knows the model type only after it

model = AutoModel.from_pretrained(".")  # the folder of this card"""


def peer_card(results: Mapping[str, Any], about: str, reading: str) -> str:
    """Markdown with front matter, from the content of results.json.

    about: a sentence on what the model does. reading: the code that reads it.
    """
    rows = [f"| {name} | {value:.4f} |" for name, value in results["metrics"]["test"].items() if value is not None]
    return _CARD.format(**results, **results["counts"], about=about, reading=reading, rows="\n".join(rows))
