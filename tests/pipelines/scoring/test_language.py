"""Which texts are taken for another language than English."""

import pytest

from pipelines.data.sample.reader import read_sample
from pipelines.scoring.language import other_language

# Invented; language -> replies and what they answer, long and short.
FOREIGN = {
    "German": [
        "Das tut mir sehr leid.",
        "Das tut mir sehr leid, das muss schwer gewesen sein.",
        "Oh nein, was ist passiert?",
        "Herzlichen Glückwunsch! Du musst stolz sein.",
        "Das ist ja super!",
        "Wie geht es dir jetzt?",
        "Ich weiß, wie du dich fühlst.",
        "Das klingt wirklich schwierig. Möchtest du darüber reden?",
        "Meine Mutter ist heute Morgen gestorben.",
        "Mein Hund ist weggelaufen.",
        "Ich habe meine Arbeit verloren.",
        "Entschuldigung",
        "Danke schön!",
        "Viel Glück morgen.",
        "Das freut mich für dich.",
        "Mach dir keine Sorgen, alles wird gut.",
        "Ach du meine Güte!",
        "Hat er dir geantwortet?",
        "Kopf hoch!",
        "Ich bin für dich da.",
    ],
    "Spanish": [
        "Lo siento mucho.",
        "Lo siento mucho, debe haber sido muy duro.",
        "¡Felicidades! Debes estar muy orgulloso.",
        "Qué bueno, me alegro por ti.",
        "¿Cómo te sientes ahora?",
        "Sé cómo te sientes.",
        "Mi madre murió esta mañana.",
        "Me robaron la bicicleta.",
        "Perdí mi trabajo hoy.",
        "Gracias",
        "Muchas gracias, eres muy amable.",
        "No te preocupes, todo va a salir bien.",
        "Eso suena muy difícil. ¿Quieres hablar de ello?",
        "Ay, qué pena.",
        "¿Qué pasó?",
        "No me digas.",
        "Animo, tu puedes.",
        "Mi perro se escapo ayer.",
        "Que lastima",
        "Estoy aqui para ti.",
    ],
    "French": [
        "Je suis désolé.",
        "Je suis vraiment désolé d'apprendre ça.",
        "Félicitations ! Tu dois être fière.",
        "Oh non, que s'est-il passé ?",
        "Comment te sens-tu maintenant ?",
        "C'est génial, je suis content pour toi.",
        "Ma mère est morte ce matin.",
        "On m'a volé mon vélo.",
        "J'ai perdu mon travail aujourd'hui.",
        "Merci beaucoup",
        "Ne t'inquiète pas, tout ira bien.",
        "Bon courage !",
        "Je comprends ce que tu ressens.",
        "Quel dommage.",
        "Ça doit être dur.",
        "Mon chien s'est enfui.",
        "Desole pour toi.",
        "C'est triste",
    ],
    "Italian": [
        "Mi dispiace tanto.",
        "Mi dispiace molto, deve essere stato difficile.",
        "Congratulazioni! Devi essere orgoglioso.",
        "Che bello, sono contento per te.",
        "Come ti senti adesso?",
        "Mia madre è morta questa mattina.",
        "Mi hanno rubato la bicicletta.",
        "Ho perso il lavoro oggi.",
        "Grazie mille",
        "Non ti preoccupare, andrà tutto bene.",
        "Cosa è successo?",
        "Che peccato.",
        "Ti capisco.",
        "Sono qui per te.",
    ],
    "Portuguese": [
        "Sinto muito.",
        "Sinto muito, deve ter sido muito difícil.",
        "Parabéns! Você deve estar orgulhoso.",
        "Que bom, fico feliz por você.",
        "Como você está se sentindo agora?",
        "Minha mãe morreu esta manhã.",
        "Roubaram a minha bicicleta.",
        "Perdi meu emprego hoje.",
        "Obrigado",
        "Não se preocupe, vai dar tudo certo.",
        "O que aconteceu?",
        "Que pena.",
        "Estou aqui para você.",
    ],
    "Dutch": [
        "Het spijt me zo.",
        "Wat erg voor je, dat moet zwaar zijn geweest.",
        "Gefeliciteerd! Je zult wel trots zijn.",
        "Wat leuk, ik ben blij voor je.",
        "Hoe voel je je nu?",
        "Mijn moeder is vanmorgen overleden.",
        "Mijn fiets is gestolen.",
        "Ik ben vandaag mijn baan kwijtgeraakt.",
        "Dank je wel",
        "Maak je geen zorgen, het komt goed.",
        "Wat is er gebeurd?",
        "Wat jammer.",
    ],
    "Polish": [
        "Bardzo mi przykro.",
        "Gratulacje! Musisz być dumny.",
        "Co się stało?",
        "Jak się teraz czujesz?",
        "Moja mama zmarła dziś rano.",
        "Ukradli mi rower.",
        "Straciłem dziś pracę.",
        "Dziękuję",
        "Nie martw się, wszystko będzie dobrze.",
        "Szkoda.",
    ],
    "Swedish": [
        "Jag är ledsen.",
        "Jag beklagar verkligen, det måste ha varit svårt.",
        "Grattis! Du måste vara stolt.",
        "Vad hände?",
        "Hur mår du nu?",
        "Min mamma dog i morse.",
        "Min cykel blev stulen.",
        "Tack så mycket",
        "Oroa dig inte, allt kommer att bli bra.",
        "Vad tråkigt.",
    ],
    "Turkish": [
        "Çok üzgünüm.",
        "Tebrikler! Gurur duyuyor olmalısın.",
        "Ne oldu?",
        "Şimdi nasıl hissediyorsun?",
        "Annem bu sabah öldü.",
        "Bisikletim çalındı.",
        "Bugün işimi kaybettim.",
        "Teşekkür ederim",
        "Merak etme, her şey yoluna girecek.",
        "Çok yazık.",
    ],
}
ALPHABETS = {
    "Cyrillic": ["Мне очень жаль.", "Спасибо", "У меня украли велосипед (bike)."],
    "Chinese": ["我很抱歉。", "恭喜你!"],
    "Hiragana": ["ありがとう", "それはたいへんでしたね。"],
    "Arabic": ["أنا آسف جدا.", "مبروك!"],
    "Devanagari": ["मुझे बहुत खेद है।"],
    "Hangul": ["정말 유감이에요."],
    "Greek": ["Λυπάμαι πολύ."],
    "Hebrew": ["אני מצטער מאוד."],
}
# Short replies, slang, typing mistakes, names, calls, and what is hardly a text.
ENGLISH = """
Oh no!|Aww|hahaha|Haha true|lol|LMAO|Yikes|Yay!|OMG no way|Ugh|wow!|Congrats!|Sorry|noooo|Bless you|Amen|Whaaaat|hehe
Mr. Martinez Garcia|Jose Luis Hernandez|Klaus Müller|Poor Fluffy.|Beyoncé|Las Vegas!|Mario Kart|Oktoberfest
That sux|thats gr8|wat happend|im so sry|idk tbh|smh|np|nvm|Bummer.|Dang|ur so rite|u ok hun|gud luk bro|Whatcha doin
A naïve café in Los Angeles|My chef made crème brûlée|He said "Gracias amigo" and left|Taco Bell?
No|Ok|K|Hi|Yes,i am|Absolutely|Terrible|Fantastic|Hospital?|Indoors?|Tots?|Good luck|I understand.|i bet so!|Who?|me too
:)|<3|...|?|123|$500|10/10|😂😂😂|❤️|🖕|¯\\_(ツ)_/¯|𝓢𝓸 𝓼𝓸𝓻𝓻𝔂|Ｓｏ ｓｏｒｒｙ
"""


def test_most_foreign_texts_are_told_with_their_language() -> None:
    told = {name: [other_language(text) for text in texts] for name, texts in FOREIGN.items()}
    every = [found for of_language in told.values() for found in of_language]
    assert sum(found is not None for found in every) / len(every) > 0.93
    for name, found in told.items():
        assert found.count(f"seems to be {name}") / len(found) > 0.6, name


@pytest.mark.parametrize(("alphabet", "text"), [(name, text) for name, texts in ALPHABETS.items() for text in texts])
def test_other_alphabets(alphabet: str, text: str) -> None:
    assert other_language(text) == f"is in {alphabet} letters"


@pytest.mark.parametrize("text", ENGLISH.strip().replace("\n", "|").split("|"))
def test_short_english_is_english(text: str) -> None:
    assert other_language(text) is None


def test_no_turn_of_the_sample_corpus_is_foreign() -> None:
    rows = [row for split in read_sample(None, frozenset(), strict=True).examples.values() for row in split]
    texts = {text for row in rows for text in (row["response"], *(turn["text"] for turn in row["dialogue_context"]))}
    assert len(texts) > 500
    assert [text for text in texts if other_language(text)] == []


def test_a_quoted_word_does_not_make_a_text_english() -> None:
    text = "Ella me dijo: I love you. No supe qué responder y me puse a llorar toda la tarde en casa."
    assert other_language(text) == "seems to be Spanish"
