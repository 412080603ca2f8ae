#!/usr/bin/env python3
"""Makes the goldens of core/text with Hugging Face's own tokenizers.

    pip install tokenizers transformers
    python3 tests/parity/tokenizer/make_goldens.py --tokenizer FILE   # LATFORMER_TOKENIZER=FILE latformer_text_test compares
    python3 tests/parity/tokenizer/make_goldens.py              # write goldens/
    python3 tests/parity/tokenizer/make_goldens.py --show 4711  # print what Hugging Face makes of string 4711

The strings are not stored: `Strings` below and tests/unit/text/strings.h draw the same ones from the same seeds. Of every
string goldens/hashes.txt keeps one hash over all its encodings (ids, spans, type ids ... by every tokenizer of
goldens/tokenizers); goldens/examples.txt keeps a few hundred encodings in full, for people and for the first look when a
hash differs; goldens/unicode.txt keeps hashes over all 1,112,064 code points.

vocab.txt was made once by --vocabulary: pieces learned from this project's own docs, and letters, marks and ideographs
of many scripts, so that words split in interesting places.
"""

import argparse
import codecs
import json
import pathlib
import struct
import tempfile

import byte_level
import tokenizers
import unigram
from tokenizers import normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
GOLDENS = HERE / "goldens"
COUNT = 10_000
EXAMPLES = 300
MOST_SPECIAL = 4  # tokens of a byte-level pair

# ---------------------------------------------------------------------------------------------------------------------
# Strings


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        return ((z ^ z >> 31) >> 32) * n >> 32


def utf8(code_point):
    """The bytes of a code point, of a surrogate too (which makes them ill-formed)."""
    return chr(code_point).encode("utf-8", "surrogatepass")


class Strings:
    def __init__(self):
        self.words = [line.removeprefix("##").encode() for line in vocabulary()]
        fields = [line.split() for line in (HERE / "ingredients.txt").read_text().splitlines() if line[:1] not in "#"]
        self.ranges = [(int(f[1], 16), int(f[2], 16)) for f in fields if f[0] == "range"]
        self.pieces = [bytes.fromhex(f[1]) for f in fields if f[0] == "piece"]
        self.marks = [int(f[1], 16) for f in fields if f[0] == "mark"]

    def pick(self, random, choices):
        return choices[random.below(len(choices))]

    def part(self, random):
        kind = random.below(16)
        if kind < 4:
            return self.pick(random, self.words)
        if kind < 6:
            return b" " * (1 + random.below(2))
        if kind < 8:
            first, last = self.pick(random, self.ranges)
            return utf8(first + random.below(last - first + 1))
        if kind == 8:
            return utf8(random.below(0x110000))
        if kind < 11:
            return self.pick(random, self.pieces)
        if kind == 11:  # a code point that was cut off, or one byte out of place
            whole = utf8(0x80 + random.below(0x110000 - 0x80))
            return whole[: random.below(len(whole))] or bytes([0x80 + random.below(0x80)])
        if kind == 12:
            return bytes([0x21 + random.below(0x5E)])
        if kind == 13 and random.below(8) == 0:  # an over-long word
            return self.pick(random, self.words) * (1 + random.below(60))
        base = utf8(0x61 + random.below(26))
        return base + b"".join(utf8(self.pick(random, self.marks)) for _ in range(random.below(7)))

    def text(self, random):
        return b"".join(self.part(random) for _ in range(random.below(20)))

    def item(self, index):
        """(text, pair or None, max_tokens, windows of max_tokens sharing stride tokens)"""
        random = Random(index)
        text = self.text(random)
        pair = self.text(random) if random.below(4) == 0 else None
        max_tokens = 3 + random.below(40) if random.below(2) == 0 else 100_000
        return text, pair, max_tokens, (4 + random.below(12), random.below(2))


# ---------------------------------------------------------------------------------------------------------------------
# Tokenizers


def vocabulary():
    return (HERE / "vocab.txt").read_bytes().decode().split("\n")[:-1]


def added(content, **options):
    token = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return token | options


SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]  # ids 0 to 4


def template(cls="[CLS]", sep="[SEP]"):
    def piece(kind, id, type_id):
        return {kind: {"id": id, "type_id": type_id}}

    single = [piece("SpecialToken", cls, 0), piece("Sequence", "A", 0), piece("SpecialToken", sep, 0)]
    special = {token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]} for token in (cls, sep)}
    pair = single + [piece("Sequence", "B", 1), piece("SpecialToken", sep, 1)]
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}


def tokenizer_json(clean=True, chinese=True, accents=None, lower=True, **parts):
    """A tokenizer.json without its vocabulary."""
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    model |= {"max_input_chars_per_word": 100} | parts.pop("model", {}) | {"vocab": {}}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(token) for token in SPECIAL],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": clean,
            "handle_chinese_chars": chinese,
            "strip_accents": accents,
            "lowercase": lower,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": model,
    } | parts


ZOO = [added(token) for token in SPECIAL[:4]] + [
    added("[MASK]", lstrip=True, normalized=False),
    added("<new>", rstrip=True),
    added("Added Word", normalized=True, special=False),
    added("ÉCOLE", normalized=True, special=False, single_word=True),
    added("model", normalized=True, special=False, single_word=True, lstrip=True, rstrip=True),
    added("the", special=False, single_word=True),
    added("[M", special=False),
    added(" x", special=False, lstrip=True),
]

TOKENIZERS = {
    "uncased": tokenizer_json(),
    "cased": tokenizer_json(lower=False),
    "cased-no-accents": tokenizer_json(lower=False, accents=True),
    "uncased-accents": tokenizer_json(accents=False),
    "unclean": tokenizer_json(clean=False, chinese=False),
    "unclean-chinese": tokenizer_json(clean=False, lower=False, accents=True),
    "no-normalizer": tokenizer_json(normalizer=None, added_tokens=[]),
    "added-tokens": tokenizer_json(added_tokens=ZOO),
    "added-tokens-cased": tokenizer_json(lower=False, accents=False, added_tokens=ZOO),
    "short-words": tokenizer_json(
        model={"max_input_chars_per_word": 7, "unk_token": "[PAD]"},
        post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        truncation={"direction": "Right", "max_length": 9, "strategy": "LongestFirst", "stride": 0},
        padding=None,
    ),
    "no-prefix": tokenizer_json(
        normalizer={"type": "Sequence", "normalizers": [{"type": "Lowercase"}]},
        pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}]},
        model={"continuing_subword_prefix": ""},
        post_processor=None,
    ),
}

# vocab.txt with these tokenizer_config.json.
CONFIGS = {
    "config-default": {},
    "config-cased": {
        "do_lower_case": False,
        "mask_token": {"__type": "AddedToken", **{k: v for k, v in added("[MASK]", lstrip=True).items() if k != "id"}},
        "model_max_length": 512,
        "tokenizer_class": "BertTokenizer",
    },
    "config-added": {
        "tokenize_chinese_chars": False,
        "strip_accents": False,
        "cls_token": "[SEP]",
        "sep_token": "[CLS]",
        "added_tokens_decoder": {
            str(id): {k: v for k, v in added(content, **options).items() if k != "id"}
            for id, content, options in [
                (0, "[PAD]", {}),
                (1, "[UNK]", {"normalized": True}),
                (2, "[CLS]", {}),
                (3, "[SEP]", {"rstrip": True}),
                (4, "[MASK]", {"lstrip": True}),
                (99999, "<new>", {"special": False, "normalized": True}),
            ]
        },
        "additional_special_tokens": ["[M", "added word"],
    },
}


def load(name):
    if name in TOKENIZERS:
        whole = json.loads(json.dumps(TOKENIZERS[name]))
        whole["model"]["vocab"] = {token: id for id, token in enumerate(vocabulary())}
        return tokenizers.Tokenizer.from_str(json.dumps(whole))
    if name in byte_level.TOKENIZERS or name in byte_level.CONFIGS:
        return byte_level.load(name)
    if name in unigram.TOKENIZERS:
        return unigram.load(name)
    if name not in CONFIGS:
        return tokenizers.Tokenizer.from_file(str(ROOT / name))
    from transformers import BertTokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "vocab.txt").write_bytes((HERE / "vocab.txt").read_bytes())
        (pathlib.Path(folder) / "tokenizer_config.json").write_text(json.dumps(CONFIGS[name]))
        return BertTokenizerFast.from_pretrained(folder)._tokenizer


# ---------------------------------------------------------------------------------------------------------------------
# Encodings

ill_formed = {}  # of the text being decoded: where a maximal ill-formed part begins -> where it ends


def replace(error):
    ill_formed[error.start] = error.end
    return "\ufffd", error.end


codecs.register_error("replace-and-note", replace)


def decode(text):
    """The text, and where in the bytes each of its code points begins (and the last one ends)."""
    ill_formed.clear()
    decoded, position, positions = text.decode("utf-8", "replace-and-note"), 0, [0]
    for c in decoded:
        position = ill_formed.get(position, position + len(c.encode()))
        positions.append(position)
    assert position == len(text) and decoded == text.decode("utf-8", "replace")
    return decoded, positions


def rows(encoding, positions):
    """(id, begin, end, type id, sequence id, is special) of every token; spans in bytes."""
    # Each of these is made anew when it is asked for.
    columns = encoding.ids, encoding.offsets, encoding.type_ids, encoding.sequence_ids, encoding.special_tokens_mask
    result = []
    for token, (begin, end), type_id, sequence, special in zip(*columns):
        sequence = sequence or 0
        if not special:
            begin, end = positions[sequence][begin], positions[sequence][end]
        result.append((token, begin, end, type_id, sequence, special))
    return result


def encode(tokenizer, item):
    """[(rows, truncated)]: the encoding, then the windows of the first text."""
    text, pair, max_tokens, (window, stride) = item
    decoded = [decode(t) for t in (text, pair) if t is not None]
    positions = [p for _, p in decoded]
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    whole = tokenizer.encode(*[t for t, _ in decoded])
    tokenizer.enable_truncation(window, stride=stride)
    windows = tokenizer.encode(decoded[0][0])
    result = [(rows(whole, positions), int(len(whole.overflowing) > 0))]
    return result + [(rows(w, positions), 0) for w in [windows] + windows.overflowing]


class Hash:
    """FNV-1a, 32 bits."""

    def __init__(self):
        self.state = 0x811C9DC5

    def add(self, data):
        for byte in data:
            self.state = (self.state ^ byte) * 0x01000193 & 0xFFFFFFFF

    def add_numbers(self, numbers):
        self.add(struct.pack(f"<{len(numbers)}I", *numbers))


def hash_item(loaded, item, decodes):
    """decodes: what the encodings are when they are put together again counts, too."""
    if decodes:
        item = item[:2] + (max(item[2], MOST_SPECIAL),) + item[3:]
    state = Hash()
    for tokenizer in loaded:
        for encoding, truncated in encode(tokenizer, item):
            state.add_numbers([len(encoding), truncated] + [number for row in encoding for number in row])
            for skips_special in (True, False) if decodes else ():
                state.add(tokenizer.decode([row[0] for row in encoding], skip_special_tokens=skips_special).encode())
    return f"{state.state:08x}"


def write_hashes(strings, names, path, count, decodes=False):
    loaded = [load(name) for name in names]
    lines = [f"# tokenizers {tokenizers.__version__}"] + ["# " + name for name in names]
    lines += [hash_item(loaded, strings.item(i), decodes) for i in range(count)]
    path.write_text("\n".join(lines) + "\n")


def write_examples(strings, names, path, most_special=3):
    """One line each: index, tokenizer, text and pair (hexadecimal, . if empty, - if there is none), max_tokens, truncated, rows."""
    loaded = [load(name) for name in names]
    lines = ["# index tokenizer text pair max_tokens truncated id,begin,end,type_id,sequence_id,is_special ..."]
    for i in range(EXAMPLES):
        name = names[i % len(names)]
        item = strings.item(i)
        item = item[:2] + (max(item[2], most_special),) + item[3:]
        encoding, truncated = encode(loaded[i % len(names)], item)[0]
        text, pair = ("-" if t is None else t.hex() or "." for t in item[:2])
        lines.append(" ".join([str(i), name, text, pair, str(item[2]), str(truncated)] +
                              [",".join(map(str, row)) for row in encoding]))
    path.write_text("\n".join(lines) + "\n")


# ---------------------------------------------------------------------------------------------------------------------
# All code points

# A mark of every combining class that survives the removal of accents: their order shows the class of another.
KEPT_MARKS = "\U0001e000\U0001d16d\u302e\U0001d165\u1b44\U0001e94a"
# Planes 4 to 16 hold no letters: the first three contexts do there.
CONTEXTS = ["{0}", "{0}{0}", "a{0}b", "a" + "{0}" + KEPT_MARKS + "b", "A\u0301{0}\u0316\u302e{0}B"]
NORMALIZERS = [(True, True, True, True), (True, True, False, True), (False, False, True, False)]
BLOCK = 0x1000
# What may be composed, in the way of that, or blocked: marks of several classes, a letter of Hangul on either side.
FORM_CONTEXTS = ["{0}", "a{0}\u0300\u0316\u0301b", "\u0316{0}\u0300{0}\u0316", "\u1100{0}\u11a8", "A\u030a\u0301{0}"]
FORMS = [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.StripAccents()]
# The classes that byte-level pre-tokenizers tell apart: letters, numbers, white space; digits.
CLASSES = [tokenizers.Regex(pattern) for pattern in (r"\p{L}", r"\p{N}", r"\s")]


def write_unicode():
    """Of every block of code points a hash over the words that normalizers and pre-tokenizer make of them."""
    lines = ["# first code point of a block, hash of its words, hash of which of its code points are word characters (\\w)"]
    lines[0] += ", hash of the classes of BPE's pre-tokenizers, hash of its normal forms"
    made = [normalizers.BertNormalizer(*options) for options in NORMALIZERS]
    pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # \w shows in whether a token that must stand as a single word is found beside the code point.
    single = tokenizers.Tokenizer(tokenizers.models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    single.add_tokens([tokenizers.AddedToken("[X]", single_word=True, normalized=False)])
    splits = [pre_tokenizers.Split(pattern, "removed") for pattern in CLASSES]
    digits = pre_tokenizers.Digits(individual_digits=True)
    for first in range(0, 0x110000, BLOCK):
        words, word_characters, classes, forms = Hash(), Hash(), Hash(), Hash()
        for c in range(first, first + BLOCK):
            if 0xD800 <= c <= 0xDFFF:
                continue
            for context in CONTEXTS if c < 0x40000 else CONTEXTS[:3]:
                for normalizer in made:
                    text = tokenizers.PreTokenizedString(context.format(chr(c)))
                    text.normalize(normalizer.normalize)
                    pre_tokenizer.pre_tokenize(text)
                    for word, span, _ in text.get_splits("original", "byte"):
                        words.add(word.encode())
                        words.add_numbers(span)
            word_characters.add([int(1 not in single.encode(chr(c) + "[X]").ids)])
            classes.add([int(split.pre_tokenize_str(chr(c)) == []) for split in splits])
            classes.add([int(len(digits.pre_tokenize_str("a" + chr(c))) == 2)])
            for context in FORM_CONTEXTS if c < 0x40000 else FORM_CONTEXTS[:1]:
                for form in FORMS:
                    text = tokenizers.NormalizedString(context.format(chr(c)))
                    form.normalize(text)
                    forms.add(text.normalized.encode())
        states = [hash.state for hash in (words, word_characters, classes, forms)]
        lines.append(f"{first:06x} " + " ".join(f"{state:08x}" for state in states))
    (GOLDENS / "unicode.txt").write_text("\n".join(lines) + "\n")


# ---------------------------------------------------------------------------------------------------------------------


def write_vocabulary():
    texts = sorted(ROOT.glob("docs/*.md")) + [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    learned = []
    for lower in (True, False):
        tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = tokenizers.trainers.WordPieceTrainer(vocab_size=1400, min_frequency=2, show_progress=False)
        tokenizer.train([str(path) for path in texts], trainer)
        learned += sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    ranges = [(0x21, 0x7E), (0xA1, 0x17F), (0x1E0, 0x24F), (0x2C0, 0x2DF), (0x386, 0x3FF), (0x400, 0x45F), (0x5D0, 0x5EA)]
    ranges += [(0x620, 0x64A), (0x905, 0x939), (0xE01, 0xE30), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2)]
    ranges += [(0x1E00, 0x1E5F), (0x2010, 0x2044), (0x20A0, 0x20AC), (0x3041, 0x3096), (0x30A1, 0x30F6), (0xFF01, 0xFF5E)]
    ranges += [(0xAC00, 0xAC10), (0x1F600, 0x1F60F), (0x10D50, 0x10D54), (0x1E000, 0x1E003)]
    letters = [chr(c) for first, last in ranges for c in range(first, last + 1)]
    letters += [chr(c) for c in range(0x4E00, 0xA000, 61)] + [chr(c) for c in range(0xF900, 0xFB00, 23)] + list(KEPT_MARKS)
    words = "café naïve Zürich straße Straße İstanbul istanbul φως ΦΩΣ мир МИР ночь שלום سلام हिन्दी ไทย 한국 漢字 東京 don't"
    words += " École école ecole ##ção ##ñ ##ï ##é ##\u0301 ##\u0308 ##i\u0307 i\u0307 ##ß ##ﬁ ﬁ ǆ ##\u302e \u0141ódź łódź"
    tokens = SPECIAL + learned + letters + ["##" + c for c in letters] + words.split()
    (HERE / "vocab.txt").write_bytes("".join(token + "\n" for token in dict.fromkeys(tokens)).encode())
    words_in_text = " ".join(token.removeprefix("##") for token in dict.fromkeys(letters + words.split()))
    learned_from = [path.read_text() for path in texts] + [words_in_text] * 2
    byte_level.write_vocabulary(learned_from)
    unigram.write_vocabulary(learned_from)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vocabulary", action="store_true", help="make vocab.txt, bpe.json and unigram.json anew, and nothing else")
    parser.add_argument("--tokenizer", metavar="FILE", help="write hashes for this tokenizer.json beside it, and nothing else")
    parser.add_argument("--show", type=int, metavar="INDEX", help="print the encodings of one string")
    arguments = parser.parse_args()
    if arguments.vocabulary:
        return write_vocabulary()
    names = list(TOKENIZERS) + list(CONFIGS)
    byte_level_names = list(byte_level.TOKENIZERS) + list(byte_level.CONFIGS)
    unigram_names = list(unigram.TOKENIZERS)
    strings = Strings()
    if arguments.tokenizer:
        path = pathlib.Path(arguments.tokenizer).resolve()
        return write_hashes(strings, [str(path)], path.with_suffix(".hashes.txt"), COUNT, decodes=True)
    if arguments.show is not None:
        item = strings.item(arguments.show)
        print(item)
        for name in names + byte_level_names + unigram_names:
            for encoding, truncated in encode(load(name), item):
                print(name, "truncated" if truncated else "", *encoding)
        return None
    folder = GOLDENS / "tokenizers"
    folder.mkdir(parents=True, exist_ok=True)
    everything = TOKENIZERS | CONFIGS | byte_level.TOKENIZERS | byte_level.CONFIGS | unigram.TOKENIZERS
    for name, value in everything.items():
        (folder / (name + ".json")).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
    write_hashes(strings, names, GOLDENS / "hashes.txt", COUNT)
    write_examples(strings, names, GOLDENS / "examples.txt")
    write_hashes(strings, byte_level_names, GOLDENS / "byte_level_hashes.txt", COUNT, decodes=True)
    write_examples(strings, byte_level_names, GOLDENS / "byte_level_examples.txt")
    write_hashes(strings, unigram_names, GOLDENS / "unigram_hashes.txt", COUNT, decodes=True)
    write_examples(strings, unigram_names, GOLDENS / "unigram_examples.txt", MOST_SPECIAL)
    bundled = "models/sentiment/tokenizer.json"
    if (ROOT / bundled).exists():
        write_hashes(strings, [bundled], GOLDENS / "bundled.txt", COUNT // 5)
    write_unicode()
    return None


if __name__ == "__main__":
    main()
