"""The labelling functions. A new one is one file and one entry here."""

from pipelines.labels.functions.cues import CUES
from pipelines.labels.functions.emotions import EMOTIONS_FUNCTION
from pipelines.labels.functions.epitome import EPITOME
from pipelines.labels.functions.intents import INTENT_FUNCTION
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.functions.length import LENGTH
from pipelines.labels.functions.rated_meaning import RATED_MEANING
from pipelines.labels.functions.rated_words import RATED_WORDS
from pipelines.labels.functions.ratings import RATINGS
from pipelines.labels.functions.reaction import REACTION
from pipelines.labels.functions.released import RELEASED
from pipelines.labels.functions.relevance import RELEVANCE
from pipelines.labels.functions.selfeval import SELFEVAL

FUNCTIONS: dict[str, LabellingFunction] = {
    function.name: function
    for function in (
        LENGTH,
        CUES,
        REACTION,
        SELFEVAL,
        EPITOME,
        INTENT_FUNCTION,
        EMOTIONS_FUNCTION,
        RELEVANCE,
        RATED_WORDS,
        RATED_MEANING,
        RATINGS,
        RELEASED,
    )
}
