"""Empathic phrases in our own words, and how one is put into a response.

None holds a phrase that the probes insert, so that a model cannot pass them by learning this list (the tests check it).
"""

from random import Random

from pipelines.labels.augmentation.sentences import split_sentences

# Statements, without their last punctuation.
STATEMENTS = (
    # sympathy
    "so sorry to hear that",
    "sorry to hear about that",
    "sorry you had to go through that",
    "sorry that you are dealing with this",
    "I am really sorry that happened to you",
    "oh no, that is awful",
    "oh no, poor you",
    "that is so sad",
    "that is really sad to hear",
    "that is terrible",
    "that sounds really hard",
    "that sounds tough",
    "that sounds painful",
    "that sounds exhausting",
    "that sounds scary",
    "that sounds so frustrating",
    "that must have been hard for you",
    "that must be so difficult",
    "that must hurt",
    "that must have been terrifying",
    "what a terrible thing to go through",
    "what a shame",
    "that is a lot to carry",
    "nobody should have to go through that",
    "you did not deserve that",
    "my heart goes out to you",
    "my heart breaks for you",
    "it hurts me to hear that",
    "I wish I could give you a hug",
    "sending you a big hug",
    # understanding
    "I can imagine how you must feel",
    "I can only imagine how that feels",
    "I can see that this matters to you",
    "I can tell that this is hard for you",
    "I completely understand",
    "I get it",
    "I get that you are upset",
    "I see where you are coming from",
    "it makes sense that you feel this way",
    "it is okay to feel that way",
    "your feelings are valid",
    "anyone would feel like that",
    "I would be upset too",
    "I would feel just like you",
    "I would be scared too",
    "you must be so worried",
    "you must be heartbroken",
    "you must feel so alone",
    # shared experience
    "I have been there too",
    "I have felt that as well",
    "I went through something like that myself",
    "the same thing happened to me once",
    "me too, more often than I would like",
    "you are not alone in this",
    "a lot of us have been through that",
    # support
    "I am here for you",
    "I am here if you want to talk",
    "you can always talk to me",
    "I hope things get better for you soon",
    "I hope you feel better soon",
    "I hope you are okay",
    "hang in there",
    "stay strong",
    "take all the time you need",
    "be kind to yourself",
    "please take care of yourself",
    "you will get through this",
    "I believe in you",
    "I am rooting for you",
    "thank you for telling me how you feel",
    # joy with another
    "I am so happy for you",
    "I am glad to hear that",
    "that is wonderful news for you",
    "you must be so proud",
    "you must be thrilled",
    "you deserve it",
    "that warms my heart",
)
QUESTIONS = (
    "How come?",
    "How so?",
    "Oh no, what is wrong?",
    "What is going on?",
    "What made you feel that way?",
    "What was that like for you?",
    "What did they say to you?",
    "What do you think caused it?",
    "How are you feeling now?",
    "How are you holding up?",
    "How did that make you feel?",
    "How long have you felt like this?",
    "How did it all start?",
    "Are you okay?",
    "Are you alright?",
    "Are you feeling any better?",
    "Did something bad happen?",
    "Did that upset you?",
    "Do you want to talk about it?",
    "Is there anything I can do?",
    "Is someone there for you?",
    "Can I help somehow?",
    "Since when do you feel this way?",
    "And then what came of it?",
    "Were you scared?",
    "Really, what went wrong?",
)
PHRASES = STATEMENTS + QUESTIONS
_ENDS = (".", ".", ".", "!", "...")


def with_phrase(response: str, rng: Random) -> str:
    """`response` with one phrase before it, after it, or between two of its sentences, typed as the response is."""
    sentences = split_sentences(response)
    place = rng.choice(("before", "after", "within"))
    if place == "within" and len(sentences) > 1:
        at = rng.randrange(1, len(sentences))
    else:
        at = 0 if place == "before" else len(sentences)
    if at and not sentences[at - 1].endswith((".", "!", "?")):
        sentences[at - 1] += "."
    return " ".join([*sentences[:at], _typed_as(response, _a_phrase(rng)), *sentences[at:]])


def _a_phrase(rng: Random) -> str:
    phrase = rng.choice(PHRASES)
    return phrase if phrase.endswith("?") else phrase[0].upper() + phrase[1:] + rng.choice(_ENDS)


def _typed_as(response: str, phrase: str) -> str:
    return phrase.lower() if response == response.lower() else phrase
