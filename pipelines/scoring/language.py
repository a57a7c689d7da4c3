"""Whether a short text is in another language than English, and in which one."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

READ = 1000  # characters of a text that are looked at
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# Frequent English words, and what people call out in English, that are no frequent words of the languages below.
CALLED_OUT_OR_FREQUENT = """
about absolutely actually after agree agreed always amazing and any anything aw awesome aww awww aye back bad because
been before being better birthday bless bro bummer but bye can can't cannot child congrats congratulations cool could
couldn't dad damn dang day did didn't do does doesn't doing don't dont dude eek enjoy even ever every everything
exactly excellent exciting family feel feeling felt few find friend friends from fun gee geez get getting give glad go
going gonna good gosh got great guess guy guys ha had haha hahaha happened happy hard hate have haven't having he'll
he's hear heard heck hello help here hey hi hmm hmmm home hope hopefully how hugs huh hurts i'd i'll i'm i've if im
into isn't it it's its job just keep kid kids kind kinda know lady let let's life like literally little lmao lol long
look looks lot lots love lovely luck lucky made make makes many maybe mean miss mom money more morning much must my
nah name naw need never new next nice nope not nothing now oh ok okay omg only oof ooh oops other ouch our out own
people perfect phew please poor pretty prolly proud really remember right rip sad said same saw say scary see seems
seriously she's should shouldn't sick smart some someone something soon sorry sorta sound sounds stuff such sucks sure
sweet take terrible than thank thanks that that'd that'll that's thats the their them then there there's these they
they're they've thing things think this those though thought today together tomorrow tonight too totally tough true
try ugh understand unfortunately up upset us very wait wanna want wanted wasn't watch way we'd we'll we're we've weird
welcome well were weren't what what's whatever when where which while who whoa whole why wish with woah won't
wonderful work worried would wouldn't wow yay yea yeah year years yep yes yesterday yikes you you'd you'll you're
you've your yourself yup
"""
ENGLISH_WORDS = frozenset(CALLED_OUT_OR_FREQUENT.split())
ENGLISH_SHARE = 0.25  # of a text's words: no further look at it
# Languages in Latin letters that users write, by the codes of py3langid, which are told apart among themselves.
LANGUAGES = {
    "af": "Afrikaans", "cs": "Czech", "da": "Danish", "de": "German", "es": "Spanish",
    "et": "Estonian", "fi": "Finnish", "fr": "French", "hr": "Croatian",
    "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "lt": "Lithuanian", "lv": "Latvian",
    "ms": "Malay", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sv": "Swedish", "sw": "Swahili", "tl": "Tagalog",
    "tr": "Turkish", "vi": "Vietnamese",
}  # fmt: skip
ENGLISH = ("en", "pcm")  # with Nigerian Pidgin, which short English texts are taken for
AGAINST_ENGLISH = 5.0  # so many times as likely as English
LIKELY_NAME = 0.5  # its least probability where a text is one word or may be a name
LIKELY = {2: 0.4, 3: 0.3}  # of so many words
LIKELY_LONGER = 0.15
LATIN = ("LATIN", "MODIFIER", "MASCULINE", "FEMININE")  # how Unicode's names of Latin letters begin
FEWEST_LETTERS = 2  # of another alphabet


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LANGUAGES, *ENGLISH])
    return identifier


def other_language(text: str) -> str | None:
    """What a text is instead of English: "seems to be Spanish", "is in Cyrillic letters"; None for English.

    Names, slang, typing mistakes and calls ("Aww") are left to English: a text is in another language where most of
    its letters are of another alphabet, or where one of `LANGUAGES` is far more likely (py3langid).
    """
    text = text[:READ]
    if not text.isascii() and (alphabet := _other_alphabet(text)):
        return f"is in {alphabet} letters"
    words = WORD.findall(text)
    known = sum(word.lower().replace("’", "'") in ENGLISH_WORDS for word in words)
    if not words or known > ENGLISH_SHARE * len(words):
        return None
    ranked = _identifier().rank(text)
    language, probability = ranked[0]
    a_name = len(words) == 1 or all(word[0].isupper() for word in words)
    if language in ENGLISH or probability < (LIKELY_NAME if a_name else LIKELY.get(len(words), LIKELY_LONGER)):
        return None
    english = sum(share for name, share in ranked if name in ENGLISH)
    return f"seems to be {LANGUAGES[language]}" if probability > AGAINST_ENGLISH * english else None


def _other_alphabet(text: str) -> str | None:
    """The alphabet of most letters where it is not the Latin one; letters that only look otherwise are Latin."""
    letters = [character for character in unicodedata.normalize("NFKC", text) if character.isalpha()]
    alphabets = Counter(unicodedata.name(letter, "LATIN").split()[0] for letter in letters if not letter.isascii())
    others = {name: count for name, count in alphabets.items() if name not in LATIN}
    total = sum(others.values())
    if total < FEWEST_LETTERS or total <= len(letters) / 2:
        return None
    name = max(others, key=others.__getitem__)
    return "Chinese" if name == "CJK" else name.capitalize()
