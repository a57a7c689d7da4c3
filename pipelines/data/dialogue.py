"""What the parts of a dialogue are called: splits, roles, the 32 emotions; and how its text is cleaned."""

SPLITS = ("train", "valid", "test")
SPEAKER = "speaker"
LISTENER = "listener"

# The 32 emotions of EmpatheticDialogues (Rashkin et al. 2019, arXiv:1811.00207), alphabetical: class 0 is "afraid".
EMOTIONS = (
    "afraid",
    "angry",
    "annoyed",
    "anticipating",
    "anxious",
    "apprehensive",
    "ashamed",
    "caring",
    "confident",
    "content",
    "devastated",
    "disappointed",
    "disgusted",
    "embarrassed",
    "excited",
    "faithful",
    "furious",
    "grateful",
    "guilty",
    "hopeful",
    "impressed",
    "jealous",
    "joyful",
    "lonely",
    "nostalgic",
    "prepared",
    "proud",
    "sad",
    "sentimental",
    "surprised",
    "terrified",
    "trusting",
)
# What programs write where a text is missing; the whole of a text.
MISSING = frozenset(
    ("nan", "NaN", "NAN", "None", "NONE", "none", "null", "NULL", "Null", "N/A", "n/a", "#N/A", "NA", "<NA>", "NaT")
)
EMOTION_IDS = {emotion: index for index, emotion in enumerate(EMOTIONS)}


def clean_text(text: str) -> str:
    """Strip `text` and turn every run of white space into one space."""
    return " ".join(text.split())


def is_missing(text: str) -> bool:
    """Whether a program wrote `text` in the place of one that is missing, as pandas does."""
    return text.strip() in MISSING
