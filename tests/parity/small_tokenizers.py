"""Tokenizers of transformers' own classes, for the small models whose texts are not cut as BERT's are."""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AlbertTokenizer, CamembertTokenizer, MPNetTokenizer, RobertaTokenizer, XLMRobertaTokenizer

import texts

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "tokenizer"))

from charsmap import charsmap  # noqa: E402

FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def corpus():
    rng = random.Random(1)
    return [texts.made_text(rng, 30) for _ in range(200)]


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=FAIRSEQ,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    vocabulary = tokenizer.get_vocab()
    return RobertaTokenizer(
        vocab=dict(sorted(vocabulary.items(), key=lambda entry: entry[1])),
        merges=[tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]],
    )


def word_pieces():
    words = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"] + texts.made_vocabulary(False)[len(texts.SPECIAL) :]
    return MPNetTokenizer(vocab={word: number for number, word in enumerate(words)})


def unigram(first, kind, mask="<mask>"):
    """first: the tokens before those that are learned."""
    rules = {"\u2026": "...", "\u2019": "'", "e\u0301": "\u00e9", "\t": " ", "\n": " ", "\x07": ""}
    known = charsmap(rules)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Precompiled(known)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=280, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    learned = [(token, score) for token, score in json.loads(tokenizer.to_str())["model"]["vocab"] if token != "<unk>"]
    vocabulary = [(token, 0.0) for token in first] + learned + [(mask, 0.0)]
    return kind(vocab=vocabulary, _spm_precompiled_charsmap=known)


def xlm_roberta():
    return unigram(FAIRSEQ[:4], XLMRobertaTokenizer)


def camembert():
    return unigram(["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"], CamembertTokenizer)


def albert():
    return unigram(["<pad>", "<unk>", "[CLS]", "[SEP]"], AlbertTokenizer, mask="[MASK]")


def make(model_type):
    """None: the model is BERT's, or cuts texts as BERT does."""
    makers = {"roberta": byte_level, "mpnet": word_pieces, "xlm-roberta": xlm_roberta, "camembert": camembert, "albert": albert}
    return makers[model_type]() if model_type in makers else None
