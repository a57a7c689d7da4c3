import json
from pathlib import Path

from pipelines.training.run_folder import MetricsLog


def test_rewinding_drops_later_rows_and_a_torn_line(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    for stage_index, step in [(0, 10), (0, 20), (1, 5), (1, 10)]:
        log.append({"stage_index": stage_index, "step": step})
    with log.path.open("a") as handle:
        handle.write('{"stage_index": 1, "st')
    log.rewind(stage_index=1, step=5)
    rows = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert rows == [{"stage_index": 0, "step": 10}, {"stage_index": 0, "step": 20}, {"stage_index": 1, "step": 5}]
    log.rewind(stage_index=0, step=10)
    assert log.path.read_text() == '{"stage_index": 0, "step": 10}\n'
