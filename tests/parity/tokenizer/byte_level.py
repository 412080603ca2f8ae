"""Byte-level BPE tokenizers for make_goldens.py, over the vocabulary and merges of bpe.json.

bpe.json was made once by `make_goldens.py --vocabulary`: merges learned from this project's own docs and from the words of
vocab.txt, a token that the merges never make (for `ignore_merges`), and two bytes left out (for unknown ones).
"""

import json
import pathlib
import tempfile

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
END = "<|endoftext|>"
GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
LEFT_OUT = {"~", "ð"}  # stand for the bytes 0x7E and 0xF0: of some characters all, of others the first byte is unknown


def added(content, **options):
    token = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return token | options


def byte_level(**options):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | options


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def sequence(*parts, members="pretokenizers"):
    return {"type": "Sequence", members: list(parts)}


def tokenizer_json(**parts):
    """A tokenizer.json without its vocabulary."""
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": ""}
    model |= {"fuse_unk": False, "byte_fallback": False, "ignore_merges": False} | parts.pop("model", {})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(END, normalized=True)],
        "normalizer": None,
        "pre_tokenizer": byte_level(),
        "post_processor": byte_level(trim_offsets=False),
        "decoder": byte_level(),
        "model": model | {"vocab": {}, "merges": []},
    } | parts


ROBERTA = {"type": "RobertaProcessing", "sep": [END, 0], "cls": ["!", 1], "trim_offsets": True, "add_prefix_space": True}
BOS = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": END, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [
        {"SpecialToken": {"id": END, "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": END, "type_id": 1}},
        {"Sequence": {"id": "B", "type_id": 1}},
    ],
    "special_tokens": {END: {"id": END, "ids": [0], "tokens": [END]}},
}
ZOO = [
    added(END),
    added("<mask>", lstrip=True),
    added("<new>", rstrip=True),
    added(" the", normalized=True, special=False),
    added("École", special=False, single_word=True, normalized=True),
    added("Ġx é", special=False),  # characters that stand for bytes
]

TOKENIZERS = {
    "bpe-gpt2": tokenizer_json(),
    "bpe-trimmed": tokenizer_json(post_processor=byte_level(), added_tokens=ZOO),
    "bpe-prefix": tokenizer_json(pre_tokenizer=byte_level(add_prefix_space=True), added_tokens=ZOO),
    "bpe-roberta": tokenizer_json(
        pre_tokenizer=byte_level(add_prefix_space=True), post_processor=ROBERTA, added_tokens=ZOO
    ),
    "bpe-roberta-plain": tokenizer_json(post_processor=ROBERTA | {"add_prefix_space": False}),
    "bpe-digits": tokenizer_json(
        pre_tokenizer=sequence({"type": "Digits", "individual_digits": True}, byte_level()), post_processor=None
    ),
    "bpe-runs-of-digits": tokenizer_json(
        pre_tokenizer=sequence({"type": "Digits", "individual_digits": False}, byte_level(add_prefix_space=True))
    ),
    "bpe-llama3": tokenizer_json(
        pre_tokenizer=sequence(split(LLAMA3), byte_level(use_regex=False)),
        post_processor=sequence(byte_level(trim_offsets=False), BOS, members="processors"),
        model={"ignore_merges": True},
    ),
    "bpe-qwen2": tokenizer_json(
        pre_tokenizer=sequence(split(QWEN2) | {"behavior": "Removed", "invert": True}, byte_level(use_regex=False))
    ),
    "bpe-split-gpt2": tokenizer_json(pre_tokenizer=sequence(split(GPT2), byte_level(use_regex=False))),
    "bpe-unknown": tokenizer_json(model={"unk_token": END}),
    # As ModernBERT has it, and with all that a normalizer may do to a text.
    "bpe-nfc": tokenizer_json(normalizer={"type": "NFC"}, added_tokens=ZOO),
    "bpe-normalized": tokenizer_json(
        normalizer=sequence({"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "NFKC"}, {"type": "Lowercase"},
                            members="normalizers"),
        pre_tokenizer=byte_level(add_prefix_space=True),
        post_processor=ROBERTA,
        # Of one that is not the same when normalized, versions of the library decode different texts.
        added_tokens=ZOO[:3] + [added("the", normalized=True, special=False)],
    ),
    "bpe-fused": tokenizer_json(model={"unk_token": END, "fuse_unk": True}),
}

# vocab.json and merges.txt with these tokenizer_config.json.
CONFIGS = {
    "merges-default": {},
    "merges-added": {
        "add_prefix_space": True,
        "tokenizer_class": "GPT2Tokenizer",
        "bos_token": "<s>",
        "pad_token": "[PAD]",
        "added_tokens_decoder": {
            "0": {k: v for k, v in added(END).items() if k != "id"},
            "9999": {k: v for k, v in added("<new>", rstrip=True, special=False).items() if k != "id"},
        },
        "additional_special_tokens": ["<mask>"],
    },
}


def vocabulary():
    return json.loads((HERE / "bpe.json").read_text())


def load(name):
    known = vocabulary()
    if name in TOKENIZERS:
        whole = json.loads(json.dumps(TOKENIZERS[name]))
        whole["model"] |= known
        return tokenizers.Tokenizer.from_str(json.dumps(whole))
    from transformers import GPT2Tokenizer

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "vocab.json").write_text(json.dumps(known["vocab"]))
        (path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(known["merges"]) + "\n")
        (path / "tokenizer_config.json").write_text(json.dumps(CONFIGS[name]))
        return GPT2Tokenizer.from_pretrained(folder)._tokenizer


def write_vocabulary(texts):
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - LEFT_OUT)
    trainer = trainers.BpeTrainer(
        vocab_size=1500, min_frequency=2, initial_alphabet=alphabet, special_tokens=[END], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    made = json.loads(tokenizer.to_str())["model"]
    vocab = made["vocab"] | {"Ġtokenizers": len(made["vocab"])}
    merges = [" ".join(pair) for pair in made["merges"]]
    text = json.dumps({"vocab": vocab, "merges": merges}, ensure_ascii=False, separators=(",", ":"))
    (HERE / "bpe.json").write_text(text.replace(',"merges"', ',\n"merges"') + "\n")
