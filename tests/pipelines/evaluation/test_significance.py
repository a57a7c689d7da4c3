import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from pipelines.evaluation.significance import holm, paired_bootstrap, paired_permutation


def _frame(true: np.ndarray, pred: np.ndarray, dialogues: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "example_id": [f"c{d}/{k}" for k, d in enumerate(dialogues)],
            "conv_id": [f"c{d}" for d in dialogues],
            "empathy_true": true,
            "empathy_pred": pred,
        }
    )


def _two_systems(n: int, turns: int, noise: tuple[float, float], seeds: int = 1, seed: int = 0):  # type: ignore[no-untyped-def]
    """Frames of A and B over n examples in dialogues of `turns` turns, whose errors a dialogue's turns partly share."""
    rng = np.random.default_rng(seed)
    dialogues = rng.permutation(np.arange(n) // turns)
    true = rng.uniform(1, 5, n)
    systems = []
    for sd in noise:
        shared = rng.normal(0, sd, n)[dialogues]
        systems.append([_frame(true, true + shared + rng.normal(0, sd / 2, n), dialogues) for _ in range(seeds)])
    return systems


def _errors(frame: pd.DataFrame) -> np.ndarray:
    return (frame["empathy_pred"] - frame["empathy_true"]).abs().to_numpy()


def test_bootstrap_with_one_example_a_dialogue_equals_scipy() -> None:
    a, b = _two_systems(120, 1, (0.5, 0.6))
    ours = paired_bootstrap(a, b, "mae", resamples=20000, rng=1)
    theirs = stats.bootstrap(
        (_errors(a[0]), _errors(b[0])),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20000,
        rng=np.random.default_rng(2),
    )
    assert ours.difference == pytest.approx(_errors(a[0]).mean() - _errors(b[0]).mean())
    spread = theirs.standard_error
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.06 * spread)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.06 * spread)
    assert (ours.dialogues, ours.examples, ours.resamples, ours.level) == (120, 120, 20000, 0.95)


def test_spearman_bootstrap_with_one_example_a_dialogue_equals_scipy() -> None:
    a, b = _two_systems(60, 1, (0.6, 1.2))
    ours = paired_bootstrap(a, b, "spearman", resamples=2000, rng=1)
    theirs = stats.bootstrap(
        (a[0]["empathy_true"].to_numpy(), a[0]["empathy_pred"].to_numpy(), b[0]["empathy_pred"].to_numpy()),
        lambda t, p, q: stats.spearmanr(t, p).statistic - stats.spearmanr(t, q).statistic,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=np.random.default_rng(2),
    )
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.2 * theirs.standard_error)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.2 * theirs.standard_error)


def test_permutation_with_one_example_a_dialogue_equals_scipy() -> None:
    a, b = _two_systems(120, 1, (0.5, 0.6))
    ours = paired_permutation(a, b, "mae", resamples=20000, rng=1)
    theirs = stats.permutation_test(
        (_errors(a[0]), _errors(b[0])),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20000,
        rng=np.random.default_rng(2),
    )
    assert 0.001 < theirs.pvalue < 0.9
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=0.015)
    assert ours.low is None
    assert ours.high is None


def test_permutation_of_dialogues_equals_every_swap_enumerated() -> None:
    a, b = _two_systems(24, 3, (0.6, 0.9), seeds=2, seed=5)
    ours = paired_permutation(a, b, "spearman", resamples=4000, rng=3)
    true, names = a[0]["empathy_true"], a[0]["conv_id"].to_numpy()
    pred_a, pred_b = ([f["empathy_pred"].to_numpy() for f in side] for side in (a, b))

    def difference(swap: np.ndarray) -> float:
        rho = [
            [stats.spearmanr(np.where(swap ^ first, q, p), true).statistic for p, q in zip(pred_a, pred_b, strict=True)]
            for first in (False, True)
        ]
        return float(np.mean(rho[0]) - np.mean(rho[1]))

    observed = difference(np.zeros(24, dtype=bool))
    assert ours.difference == pytest.approx(observed)
    every = [
        difference(np.isin(names, chosen)) for k in range(9) for chosen in itertools.combinations(np.unique(names), k)
    ]
    assert len(every) == 2**8
    exact = np.mean(np.abs(every) >= abs(observed) - 1e-12)
    assert ours.p_value == pytest.approx(exact, abs=0.03)


def test_dialogues_are_resampled_whole() -> None:
    # Turns that repeat their dialogue's error carry no information: the interval is that of the dialogues alone.
    a, b = _two_systems(80, 1, (0.5, 0.6))
    many_a, many_b = ([pd.concat([f] * 5, ignore_index=True) for f in side] for side in (a, b))
    for side in (many_a, many_b):
        side[0]["example_id"] = [f"{name}-{k}" for k, name in enumerate(side[0]["example_id"])]
    for metric in ("mae", "pearson"):
        once = paired_bootstrap(a, b, metric, resamples=300, rng=4)
        repeated = paired_bootstrap(many_a, many_b, metric, resamples=300, rng=4)
        assert (repeated.low, repeated.high) == (pytest.approx(once.low), pytest.approx(once.high))
        assert (repeated.dialogues, repeated.examples) == (80, 400)
        pairs = ((a, b), (many_a, many_b))
        swaps = [paired_permutation(x, y, metric, resamples=300, rng=4).p_value for x, y in pairs]
        assert swaps[0] == swaps[1]


def test_interval_covers_the_true_difference_of_correlated_turns() -> None:
    covered = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        dialogues = np.repeat(np.arange(60), 4)
        true = np.full(240, 3.0)
        shift = rng.normal(0.0, 0.3, 60)[dialogues]  # A's error is 1 + shift, B's is 1: no difference on average
        a, b = _frame(true, true + 1 + shift, dialogues), _frame(true, true + 1, dialogues)
        result = paired_bootstrap([a], [b], "mae", resamples=300, rng=seed)
        covered += result.low <= 0 <= result.high  # type: ignore[operator]
    assert covered / 150 == pytest.approx(0.94, abs=0.045)


def test_p_value_agrees_with_the_interval_and_is_small_for_a_clear_winner() -> None:
    a, b = _two_systems(200, 2, (0.3, 0.9), seeds=3)
    for metric in ("mae", "mse", "spearman", "pearson", "qwk"):
        result = paired_bootstrap(a, b, metric, resamples=200, rng=0)
        assert (result.low > 0) == (result.high > 0), metric  # type: ignore[operator]
        assert result.p_value == pytest.approx(2 / 201)
        assert paired_permutation(a, b, metric, resamples=200, rng=0).p_value == pytest.approx(1 / 201)
    same = paired_bootstrap(a, a, "mae", resamples=200)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    assert paired_permutation(a, a, "spearman", resamples=50).p_value == 1.0


def test_same_rng_same_figures_and_systems_exchanged_change_the_sign() -> None:
    a, b = _two_systems(60, 2, (0.5, 0.7), seeds=2)
    once = paired_bootstrap(a, b, "spearman", resamples=100, rng=9)
    assert once == paired_bootstrap(a, b, "spearman", resamples=100, rng=np.random.default_rng(9))
    assert once != paired_bootstrap(a, b, "spearman", resamples=100, rng=10)
    back = paired_bootstrap(b, a, "spearman", resamples=100, rng=9)
    assert (back.low, back.high) == (pytest.approx(-once.high), pytest.approx(-once.low))  # type: ignore[operator]


def test_numbers_of_seeds_may_differ_for_the_bootstrap_only() -> None:
    a, b = _two_systems(60, 2, (0.5, 0.7), seeds=3)
    result = paired_bootstrap(a, b[:1], "mae", resamples=50)
    assert result.difference == pytest.approx(np.mean([_errors(f).mean() for f in a]) - _errors(b[0]).mean())
    with pytest.raises(ValueError, match="as many seeds of A as of B to swap; got 3 and 1"):
        paired_permutation(a, b[:1], "mae")


def test_emotion_metrics_are_compared_by_their_logits() -> None:
    rng = np.random.default_rng(0)
    dialogues, true = np.arange(300) // 3, rng.integers(0, 6, 300)
    frames = []
    for strength in (2.0, 1.0):
        logits = rng.normal(size=(300, 6)) + strength * np.eye(6)[true]
        frame = _frame(true, true, dialogues).assign(emotion_true=true, emotion_logits=list(logits.astype(np.float32)))
        frames.append(frame)
    guesses = [np.stack(f["emotion_logits"].tolist()).argmax(1) for f in frames]
    accuracy = paired_bootstrap(frames[:1], frames[1:], "accuracy", resamples=200)
    assert accuracy.difference == pytest.approx((guesses[0] == true).mean() - (guesses[1] == true).mean())
    assert accuracy.low > 0  # type: ignore[operator]
    f1 = [f1_score(true, guess, average="macro") for guess in guesses]
    macro = paired_permutation(frames[:1], frames[1:], "macro_f1", resamples=60)
    assert macro.difference == pytest.approx(f1[0] - f1[1])
    assert macro.p_value == pytest.approx(1 / 61)


def test_unlabelled_examples_are_left_out() -> None:
    a, b = _two_systems(60, 2, (0.5, 0.7))
    for frame in (a[0], b[0]):
        frame.loc[:19, "empathy_true"] = np.nan
        frame.loc[:9, "empathy_pred"] = np.nan
    assert paired_bootstrap(a, b, "mae", resamples=20).examples == 40


def test_labels_in_float32_and_float64_are_the_same_labels() -> None:
    a, b = _two_systems(20, 2, (0.5, 0.7))
    b[0]["empathy_true"] = b[0]["empathy_true"].astype(np.float32)
    assert paired_bootstrap(a, b, "mae", resamples=20).examples == 20


def test_what_cannot_be_compared_is_refused() -> None:
    a, b = _two_systems(20, 2, (0.5, 0.7))
    good = b[0]
    shuffled, fewer, relabelled, unscored = good.iloc[::-1], good.iloc[:15], good.copy(), good.copy()
    relabelled["empathy_true"] += 0.5
    unscored.loc[3, "empathy_pred"] = np.nan
    twice = pd.concat([good.iloc[:1], good.iloc[:19]])
    for frame, message in (
        (shuffled, "system B, seed number 1 differs: they are in another order"),
        (fewer, "system B, seed number 1 differs: it lacks 5 and has 0 others"),
        (twice, "each example_id once; system B, seed number 1 has"),
        (relabelled, "same 'empathy_true'.*scored against the same labels"),
        (unscored, "system B, seed number 1 lacks 1 in 'empathy_pred'"),
        (good.assign(empathy_pred=3.0), None),
    ):
        for test in (paired_bootstrap, paired_permutation):
            metric = "mae" if message else "spearman"
            with pytest.raises(ValueError, match=message or "spearman of system B is undefined for at least one seed"):
                test(a, [frame], metric)
    with pytest.raises(ValueError, match=r"expected one of the metrics accuracy, ece, .*; got 'rmse'"):
        paired_bootstrap(a, b, "rmse")
    with pytest.raises(ValueError, match="at least one seed of each system; got 1 of A and 0 of B"):
        paired_bootstrap(a, [], "mae")


def test_holm_equals_a_worked_example() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04, and no later one may be smaller: .02 .03 .06 .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, float("nan")])
