"""A page to try the scorer on: a conversation, one or two replies, and why each got its score."""

from html import escape
from typing import TYPE_CHECKING, Any

from pipelines.errors import UserError
from pipelines.scoring.calibration import HIGHEST, LOWEST
from pipelines.scoring.reasons import Explanation, WordAttribution, explain
from pipelines.scoring.results import Score

if TYPE_CHECKING:
    import gradio

    from pipelines.scoring.scorer import EmpathyScorer

TITLE = "How empathic is this reply?"
ABOUT = (
    "Write what was said, one turn a line, the speaker's last. The score goes from 1 to 5; the bar is where a person's "
    "rating of a dialogue with this score usually lies. It measures text: no judgement of a person."
)
EXAMPLES = [
    ["My dog died yesterday.", "I am so sorry. You must miss her terribly.", "Dogs die. Get a new one."],
    ["I got promoted today!", "Congratulations! All that work paid off.", "That's terrible, I'm so sorry for you."],
    ["How do I mount a network drive?", "I know how you feel.", "Open the file manager and choose Connect."],
]
LEVELS = ("none", "weak", "strong")
VIEWS = {"context": "In the context (emotion)", "full_dialogue": "In the whole dialogue", "response": "In the reply"}
BAR = "position:absolute;top:0;bottom:0;"
STRONGEST = 0.3  # points at which a word's colour is full


def build_demo(scorer: "EmpathyScorer") -> "gradio.Blocks":
    """The page. Raises UserError where gradio is not installed."""
    try:
        import gradio
    except ImportError as error:
        raise UserError(f"expected the demo's packages ({error}): pip install 'empathy-cascade[demo]'") from error

    def shown(turns: list[str], reply: str) -> str:
        return reply_html(explain(scorer, turns, reply)) if reply.strip() else ""

    def judge(said: str, first: str, second: str) -> tuple[Any, Any, Any]:
        turns = [line.strip() for line in said.splitlines() if line.strip()]
        try:
            emotions = scorer.score(turns, first).emotions
            return emotions, shown(turns, first), shown(turns, second)
        except UserError as error:
            raise gradio.Error(str(error)) from error

    with gradio.Blocks(title=TITLE) as page:
        gradio.Markdown(f"# {TITLE}\n\n{ABOUT}")
        said = gradio.Textbox(label="Conversation", lines=4, max_length=4000, value=EXAMPLES[0][0], elem_id="said")
        with gradio.Row():
            first = gradio.Textbox(label="Reply", lines=2, max_length=2000, value=EXAMPLES[0][1], elem_id="first")
            second = gradio.Textbox(
                label="Another reply, to compare", lines=2, max_length=2000, value=EXAMPLES[0][2], elem_id="second"
            )
        ask = gradio.Button("Score", variant="primary", elem_id="ask")
        with gradio.Row():
            first_html, second_html = gradio.HTML(elem_id="first-score"), gradio.HTML(elem_id="second-score")
        emotions = gradio.Label(label="What the speaker feels", num_top_classes=5, elem_id="emotions")
        gradio.Examples(EXAMPLES, [said, first, second])
        outputs = [emotions, first_html, second_html]
        ask.click(judge, [said, first, second], outputs, api_name="score")
        page.load(judge, [said, first, second], outputs, api_name=False)  # the first example, before anything is asked
    return page


def reply_html(found: Explanation) -> str:
    """Score, interval, parts, mechanisms and words of one reply."""
    score = found.score
    mechanisms = ", ".join(
        f"{name.replace('_', ' ')} <b>{LEVELS[one.level]}</b>" for name, one in score.mechanisms.items()
    )
    warning = "".join(f"<p><b>Do not use this score:</b> {escape(reason)}.</p>" for reason in score.reasons)
    words = "".join(
        f"<p><small>{VIEWS[view]}</small><br>{''.join(map(_word, tokens))}</p>" for view, tokens in found.views.items()
    )
    return (
        f"<div><p style='font-size:2em;margin:0'><b>{score.empathy:.1f}</b> of 5</p>{_bar(score)}{warning}"
        f"<p>Worth in itself <b>{score.quality:.1f}</b>; of that it keeps <b>{score.belonging:.0%}</b> for belonging "
        f"here and <b>{score.occasion:.0%}</b> for the occasion. "
        f"In a neutral context: <b>{found.neutral:.1f}</b>.</p><p>Mechanisms: {mechanisms}.</p>{words}</div>"
    )


def _bar(score: Score) -> str:
    low, here, high = (
        100 * (value - LOWEST) / (HIGHEST - LOWEST)
        for value in (score.interval.low, score.empathy, score.interval.high)
    )
    return (
        "<div style='position:relative;height:14px;background:#8883;border-radius:7px;margin:6px 0'>"
        f"<div style='{BAR}left:{low:.1f}%;width:{high - low:.1f}%;background:#4a90d966;border-radius:7px'></div>"
        f"<div style='{BAR}left:calc({here:.1f}% - 3px);width:6px;background:#1f5fa8;border-radius:3px'></div></div>"
        f"<small>{score.coverage:.0%} of ratings: {score.interval.low:.1f} to {score.interval.high:.1f}</small>"
    )


def _word(word: WordAttribution) -> str:
    """A token, green where it raises the score and red where it lowers it."""
    strength = min(1.0, abs(word.points) / STRONGEST)
    colour = "34,139,84" if word.points > 0 else "200,62,62"
    joined = word.token.startswith("##")
    text = escape(word.token.removeprefix("##").removeprefix("Ġ"))
    space = "" if joined else " "
    return (
        f"{space}<span title='{word.points:+.2f}' style='background:rgba({colour},{0.65 * strength:.2f});"
        f"border-radius:3px'>{text}</span>"
    )
