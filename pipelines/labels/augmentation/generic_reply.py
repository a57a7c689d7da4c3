"""A reply that fits anywhere in place of the true response."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant

# Our own wording.
GENERIC_REPLIES = (
    "Oh okay.",
    "I see.",
    "Right.",
    "Okay then.",
    "Got it.",
    "Sure.",
    "Oh, is that so?",
    "Really?",
    "Is that right?",
    "Oh wow.",
    "Interesting.",
    "That is interesting.",
    "Well, that is something.",
    "You never know.",
    "That is life.",
    "Such is life, I guess.",
    "These things come and go.",
    "I guess so.",
    "I suppose.",
    "Maybe.",
    "Could be.",
    "Who knows.",
    "Hard to say.",
    "That depends.",
    "Makes sense.",
    "Fair enough.",
    "Good point.",
    "True.",
    "That is true.",
    "Yeah.",
    "Yep.",
    "Uh huh.",
    "Hmm.",
    "Hmm, okay.",
    "I do not know what to say.",
    "No idea, really.",
    "I have not thought about it.",
    "I have heard of that before.",
    "A lot of people say that.",
    "It happens to a lot of people.",
    "Everyone is different.",
    "To each their own.",
    "Time will tell.",
    "We will see.",
    "Let us see how it goes.",
    "Things usually work out one way or another.",
    "One day at a time.",
    "Well, good to know.",
    "Thanks for telling me.",
    "Thanks for sharing.",
    "Okay, thanks for letting me know.",
    "That is one way to look at it.",
    "I can see both sides.",
    "Anything else?",
    "And then?",
    "What else is new?",
    "Tell me more.",
    "Go on.",
    "Nice talking to you.",
    "Have a nice day.",
)


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows with a generic reply, sometimes two of them, that is not what the response says already."""
    for row in rows:
        replies = rng.sample(GENERIC_REPLIES, rng.choice((1, 1, 2)))
        if not any(reply.lower() in row["response"].lower() for reply in replies):
            yield row | {"response": " ".join(replies)}


GENERIC_REPLY = Variant(
    name="generic_reply",
    what="a reply that fits anywhere, from a list of our own",
    target=Target(
        "the true score, at most generic_reply_at_most",
        lambda true, targets: min(true, targets.generic_reply_at_most),
    ),
    generate=generate,
    teaches="quality",
)
