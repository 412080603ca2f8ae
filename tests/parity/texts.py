"""Inputs for goldens: made sentences for made vocabularies, and real ones from tab-separated files.

An input is (text, pair) with pair None for a single text.
"""

import csv
import pathlib
import random

WORDS = """the a an of and or to in is was it this that film movie story plot actor scene music camera end start joy
good bad great dull slow fast love hate warm cold bright dark long short never always not very too quite rather almost
but with without from for on at by as he she they we you i his her their our film's one two three all some no more less
watch see hear feel think know make take give come go say tell laugh cry smile talk walk run old new young big small
character director script ending beginning minute hour year time world life heart mind eye hand voice face
word""".split()
PIECES = "##s ##ed ##ing ##er ##est ##ly ##ness ##ment ##ful ##less ##able ##tion ##ise ##y".split()
PUNCTUATION = list(".,;:!?'\"()-/&%$#*+=<>[]{}@~^_|`\\")
LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)]
DIGITS = list("0123456789")
OTHER = ["é", "ü", "ß", "电", "影", "好", "α", "я"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def made_vocabulary(cased):
    """About 270 entries: whole words, pieces, letters at the start and inside of words, punctuation, a little CJK."""
    capitals = [letter.upper() for letter in LETTERS] + ["The", "This", "##S"] if cased else []
    inner = ["##" + character for character in LETTERS + DIGITS]
    return SPECIAL + list(dict.fromkeys(PUNCTUATION + LETTERS + DIGITS + inner + OTHER + capitals + WORDS + PIECES))


def made_word(rng):
    kind = rng.random()
    if kind < 0.62:
        word = rng.choice(WORDS)
    elif kind < 0.76:
        word = rng.choice(WORDS) + rng.choice(PIECES)[2:]
    elif kind < 0.84:
        word = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 9)))
    elif kind < 0.89:
        word = str(rng.randint(0, 2030))
    elif kind < 0.97:
        return rng.choice(PUNCTUATION[:12])
    else:
        return rng.choice(["电影", "好", "café", "Über", "naïve", "🎬", "Straße", "α", "я", "e\u0301", "…", "it’s"])
    return word.capitalize() if rng.random() < 0.1 else word


def made_text(rng, words):
    return " ".join(made_word(rng) for _ in range(words))


def made_inputs(seed, count, max_tokens, with_pairs):
    """Texts, and pairs, from no word at all to a little more than max_tokens, short ones more often than long ones."""
    rng = random.Random(seed)
    inputs = [("", None), ("good", None), ("!", None), ("great film", None), ("bad", "good"), ("", "the end")]
    while len(inputs) < count:
        words = max(1, int(max_tokens * rng.random() ** 2.5))
        if len(inputs) % 4 == 3:
            inputs.append((made_text(rng, max(1, words // rng.randint(2, 4))), made_text(rng, max(1, words // 2))))
        else:
            inputs.append((made_text(rng, words), None))
    inputs[-2] = (made_text(rng, max_tokens), None)  # too long on purpose: these are truncated
    inputs[-1] = (made_text(rng, max_tokens // 3), made_text(rng, max_tokens))
    return inputs if with_pairs else [(text, None) for text, _ in inputs]


def read_column(path, *columns):
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield tuple(row[column] for column in columns)


def real_inputs(data, seed, count):
    """Film reviews and sentence pairs from the folder `data`: sst2/dev.tsv and imdb/dev.tsv (column sentence),
    mrpc/dev.tsv (sentence1, sentence2). Of IMDB as many of every length as there are, up to beyond 512 tokens."""
    data, rng = pathlib.Path(data), random.Random(seed)
    short = [(text, None) for (text,) in read_column(data / "sst2/dev.tsv", "sentence")]
    pairs = list(read_column(data / "mrpc/dev.tsv", "sentence1", "sentence2"))
    long = sorted(((text, None) for (text,) in read_column(data / "imdb/dev.tsv", "sentence")), key=lambda t: len(t[0]))
    long = [review for review in long if len(review[0]) < 3000]
    shortest = sorted(short, key=lambda text: len(text[0]))[:6]
    by_length = [long[round(rng.random() ** 1.5 * (len(long) - 1))] for _ in range(count * 3 // 10)]
    chosen = (
        [("", None), ("Good.", None)]
        + shortest
        + rng.sample(short, count * 45 // 100)
        + by_length
        + [long[-1], long[-len(long) // 50]]
    )
    return chosen + rng.sample(pairs, count - len(chosen))
