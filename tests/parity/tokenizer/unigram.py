"""Unigram tokenizers for make_goldens.py, over the vocabulary and the charsmap of unigram.json.

unigram.json was made once by `make_goldens.py --vocabulary`: a vocabulary learned from this project's own docs and from the
words of vocab.txt, tokens for some bytes, and a charsmap of what NFKC and SentencePiece's nmt_nfkc make of some scripts, with
rules that no file of SentencePiece's has: what becomes nothing, much, or only a part.
"""

import base64
import json
import pathlib
import unicodedata

import tokenizers
from charsmap import charsmap
from tokenizers import models, normalizers, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>"]
BLANK = "\u2581"


def added(content, **options):
    token = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return token | options


def sequence(*parts, members="pretokenizers"):
    return {"type": "Sequence", members: list(parts)}


def template():
    def piece(kind, id):
        return {kind: {"id": id, "type_id": 0}}

    single = [piece("SpecialToken", "<s>"), piece("Sequence", "A"), piece("SpecialToken", "</s>")]
    pair = single + [piece("SpecialToken", "</s>"), piece("Sequence", "B"), piece("SpecialToken", "</s>")]
    special = {token: {"id": token, "ids": [FAIRSEQ.index(token)], "tokens": [token]} for token in ("<s>", "</s>")}
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}


PRECOMPILED = {"type": "Precompiled", "precompiled_charsmap": ""}
BLANKS = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
SPLIT = {"type": "WhitespaceSplit"}


def metaspace(**options):
    return {"type": "Metaspace", "replacement": BLANK, "prepend_scheme": "always", "split": True} | options


def tokenizer_json(**parts):
    """A tokenizer.json without its vocabulary and its charsmap."""
    model = {"type": "Unigram", "unk_id": 3, "byte_fallback": False} | parts.pop("model", {})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(token) for token in FAIRSEQ] + [added("<mask>", lstrip=True)],
        "normalizer": PRECOMPILED,
        "pre_tokenizer": sequence(SPLIT, metaspace()),
        "post_processor": template(),
        "decoder": metaspace(),
        "model": model | {"vocab": []},
    } | parts


ZOO = [added(token) for token in FAIRSEQ] + [
    added("<mask>", lstrip=True),
    added("<new>", rstrip=True),
    added("the", normalized=True, special=False),
    added("École", special=False, single_word=True, normalized=True),
]


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def split(behavior, invert=False, **pattern):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


TOKENIZERS = {
    # As XLM-RoBERTa, in the spelling of its first files, with the normalizers of T5 and CamemBERT.
    "unigram-xlmr": tokenizer_json(),
    "unigram-old": tokenizer_json(
        pre_tokenizer=sequence(SPLIT, {"type": "Metaspace", "replacement": BLANK, "add_prefix_space": True}),
        decoder={"type": "Metaspace", "replacement": BLANK, "add_prefix_space": True},
        added_tokens=ZOO,
    ),
    "unigram-t5": tokenizer_json(
        normalizer=sequence(PRECOMPILED, BLANKS, members="normalizers"), pre_tokenizer=metaspace(), model={"byte_fallback": True}
    ),
    "unigram-first": tokenizer_json(
        normalizer=sequence(
            {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": BLANK},
            members="normalizers",
        ),
        pre_tokenizer=metaspace(prepend_scheme="first"),
        added_tokens=ZOO,
    ),
    "unigram-whole": tokenizer_json(
        normalizer=sequence({"type": "Nmt"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": BLANK}, replace(" ", BLANK),
                            replace("th", "\u00fe\u0301x"), members="normalizers"),
        pre_tokenizer=None,
        decoder=None,
        model={"byte_fallback": True},
    ),
    "unigram-never": tokenizer_json(
        normalizer=sequence({"type": "Strip", "strip_left": True, "strip_right": False},
                            {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, members="normalizers"),
        pre_tokenizer=metaspace(prepend_scheme="never", split=False),
        decoder=metaspace(prepend_scheme="never"),
    ),
    # As ALBERT and XLNet.
    "unigram-albert": tokenizer_json(
        normalizer=sequence(replace("``", '"'), replace("''", '"'), {"type": "NFKD"}, {"type": "StripAccents"},
                            {"type": "Lowercase"}, PRECOMPILED, members="normalizers"),
        pre_tokenizer=metaspace(),
    ),
    "unigram-nfc": tokenizer_json(normalizer={"type": "NFC"}, pre_tokenizer=metaspace(), added_tokens=ZOO),
    "unigram-nfd": tokenizer_json(
        normalizer=sequence({"type": "StripAccents"}, {"type": "NFD"}, members="normalizers"), pre_tokenizer=metaspace()
    ),
    "unigram-nfkc": tokenizer_json(
        normalizer=sequence({"type": "NFKD"}, {"type": "NFKC"}, {"type": "NFKC"}, members="normalizers"),
        pre_tokenizer=sequence(SPLIT, metaspace()),
        added_tokens=ZOO,
    ),
    "unigram-words": tokenizer_json(normalizer=None, pre_tokenizer={"type": "Whitespace"}, added_tokens=ZOO),
    "unigram-punctuation": tokenizer_json(
        pre_tokenizer=sequence({"type": "Punctuation", "behavior": "MergedWithPrevious"}, split("Contiguous", String="a"),
                               {"type": "Digits", "individual_digits": True})
    ),
    "unigram-splits": tokenizer_json(
        normalizer=None,
        pre_tokenizer=sequence(split("MergedWithNext", Regex="\\s+"), {"type": "Punctuation"},
                               split("Removed", String="e"), split("Isolated", String="in"),
                               {"type": "CharDelimiterSplit", "delimiter": "o"}, {"type": "Digits", "individual_digits": False}),
    ),
    "unigram-inverted": tokenizer_json(
        normalizer=None,
        pre_tokenizer=sequence({"type": "BertPreTokenizer"}, split("MergedWithPrevious", True, String="t"),
                               split("Contiguous", True, Regex="\\s+"), {"type": "Punctuation", "behavior": "Contiguous"}),
    ),
}


def known():
    return json.loads((HERE / "unigram.json").read_text())


def filled(value, charsmap):
    """The value with the charsmap in its place, wherever that is."""
    if isinstance(value, list):
        return [filled(each, charsmap) for each in value]
    if isinstance(value, dict):
        return {key: charsmap if key == "precompiled_charsmap" else filled(each, charsmap) for key, each in value.items()}
    return value


def load(name):
    there = known()
    whole = filled(TOKENIZERS[name], there["charsmap"])
    whole["model"] |= {"vocab": there["vocab"]}
    return tokenizers.Tokenizer.from_str(json.dumps(whole))


def rules():
    found = {}
    scripts = [range(0xA0, 0x180), range(0x1C4, 0x1F5), range(0x370, 0x3D7), range(0x904, 0x960), range(0x1E00, 0x1E60),
               range(0x2000, 0x2050), range(0x2100, 0x2150), range(0x3041, 0x3100), range(0x3300, 0x3320),
               range(0xFB00, 0xFB50), range(0xFF01, 0xFFA0), range(0x1D400, 0x1D434)]
    for c in (c for script in scripts for c in script):
        text = chr(c)
        normal = unicodedata.normalize("NFKC", text)
        if normal != text and len(normal) <= 6:
            found[text] = normal
        parts = unicodedata.normalize("NFD", text)
        if parts != text and unicodedata.normalize("NFC", parts) == text:
            found[parts] = text
    found |= {chr(c): "" for c in (*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F)}
    found |= {chr(c): " " for c in (0x9, 0xA, 0xC, 0xD, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD)}
    # Of one's own: nothing of a letter, much of one, of three less; a key within a key; a mark and a cluster.
    return found | {"\u00f8": "", "\u20ac": "euro \u00e9", "qzx": "k", "Q": "kw", "Qu": "never", "\u0316": "", "\u0e40\u0e41": "e"}


def write_vocabulary(texts):
    there = base64.b64encode(charsmap(rules())).decode()
    tokenizer = tokenizers.Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Precompiled(base64.b64decode(there))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=BLANK, prepend_scheme="always")
    trainer = trainers.UnigramTrainer(vocab_size=1500, special_tokens=FAIRSEQ, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(["".join(c if c < "\u0100" else " " for c in text) for text in texts], trainer)
    vocab = json.loads(tokenizer.to_str())["model"]["vocab"]
    # Half of the other letters, alone and in pairs.
    letters = [c for c in sorted(set("".join(texts))) if c >= "\u0100"][::2]
    vocab += [[c, -9.0 - number % 7 / 8] for number, c in enumerate(letters)]
    vocab += [[a + b, -11.5 - ord(a) % 5 / 4] for a, b in zip(letters[::3], letters[1::3])]
    # A token that is worse than its parts together, a half of a pair of equals, and bytes: some, so that not all fall back.
    vocab += [["\u2581tokenizers", -30.0], ["zq", -12.5], ["z", -6.0], ["q", -6.5]]
    vocab += [[f"<0x{byte:02X}>", -20.0] for byte in (*range(0x80, 0xC4), 0xE4, 0xE5, 0xF0)]
    vocab = list({token: [token, score] for token, score in vocab}.values()) + [["<mask>", 0.0]]
    text = json.dumps({"vocab": vocab, "charsmap": there}, ensure_ascii=False, separators=(",", ":"))
    (HERE / "unigram.json").write_text(text.replace(',"charsmap"', ',\n"charsmap"') + "\n")
