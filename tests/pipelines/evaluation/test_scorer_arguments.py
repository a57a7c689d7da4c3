from pipelines.evaluation.scorer_arguments import split_arguments


def test_scorers_may_be_listed_plainly() -> None:
    rest, pairs = split_arguments(
        ["a.yaml", "--scorers", "runs/a", "csv:b", "--max_turns=9", "--write-pairs", "p.csv"], "x"
    )
    assert (rest, pairs) == (["a.yaml", "--max_turns=9", '--scorers=["runs/a", "csv:b"]'], "p.csv")
    assert split_arguments(["a.yaml", "--scorers=[x,y]"], "empathy x") == (["a.yaml", "--scorers=[x,y]"], None)
