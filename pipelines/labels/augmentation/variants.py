"""The registry of augmentation variants. A new one is one file and a line here."""

from pipelines.labels.augmentation.empathic_sentence_removed import EMPATHIC_SENTENCE_REMOVED
from pipelines.labels.augmentation.generic_reply import GENERIC_REPLY
from pipelines.labels.augmentation.phrase_in_neutral import PHRASE_IN_NEUTRAL
from pipelines.labels.augmentation.phrase_in_unrelated import PHRASE_IN_UNRELATED
from pipelines.labels.augmentation.polarity_contradiction import POLARITY_CONTRADICTION
from pipelines.labels.augmentation.swap_different_emotion import SWAP_DIFFERENT_EMOTION
from pipelines.labels.augmentation.swap_same_emotion import SWAP_SAME_EMOTION
from pipelines.labels.augmentation.true_pair import TRUE_PAIR
from pipelines.labels.augmentation.variant import Variant

VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        TRUE_PAIR,
        SWAP_DIFFERENT_EMOTION,
        SWAP_SAME_EMOTION,
        PHRASE_IN_UNRELATED,
        PHRASE_IN_NEUTRAL,
        POLARITY_CONTRADICTION,
        EMPATHIC_SENTENCE_REMOVED,
        GENERIC_REPLY,
    )
}
