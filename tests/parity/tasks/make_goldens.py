"""Makes tests/parity/tasks/: small folders with the heads of tasks, and what they must answer.

    python make_goldens.py [NAME ...]

Folders are saved by the real libraries (transformers, sentence-transformers), and so are the answers at speedup 1. At other speedups
they are reference.py's, which must agree with the library at speedup 1 within 1e-5 or nothing is written.

    models/<name>/          the folder, profile.json beside
    goldens/<name>.json     {"model": folder, "cases": [...]}, what a case holds depends on the task
"""

import json
import pathlib
import random
import shutil
import sys
import tempfile
import zlib

import torch
from sentence_transformers import CrossEncoder
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertTokenizerFast,
    pipeline,
)

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(HERE.parent))

import reference  # noqa: E402
import texts  # noqa: E402
from make_models import ACC, profile, randomise, running_product  # noqa: E402

TOLERANCE = 1e-5
NEAR_TIE = 1e-5
SPEEDUPS = [1.5, 2, 3]


def save_folder(folder, model_class, config_class, shape, cased=False, labels=None, profile=None, **fields):
    """A folder of `model_class` with random weights, as transformers saves it."""
    vocabulary = texts.made_vocabulary(cased)
    layers, hidden, heads, intermediate, positions = shape
    config = config_class(vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=layers,
                          num_attention_heads=heads, intermediate_size=intermediate,
                          max_position_embeddings=positions, **fields)
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    seed = zlib.crc32(folder.name.encode())
    torch.manual_seed(seed)
    model = model_class.from_config(config)
    randomise(model, seed)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place)
        (path / "vocab.txt").write_text("".join(word + "\n" for word in vocabulary), encoding="utf-8")
        BertWordPieceTokenizer(str(path / "vocab.txt"), lowercase=not cased).save(str(path / "tokenizer.json"))
        BertTokenizerFast(tokenizer_file=str(path / "tokenizer.json"), do_lower_case=not cased,
                          model_max_length=positions).save_pretrained(folder)
    if profile:
        (folder / "profile.json").write_text(json.dumps(profile, indent=2) + "\n")
    return folder


def made_texts(name, count, most, least=1):
    rng = random.Random(zlib.crc32(name.encode()))
    return [texts.made_text(rng, rng.randint(least, most)) for _ in range(count)]


def short(number):
    return float(f"{float(number):.7g}")


def write(name, folder, cases):
    out = HERE / "goldens" / f"{name}.json"
    out.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    out.write_text(f'{{"model":"{folder.relative_to(ROOT).as_posix()}","cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{name}: {len(cases)} cases, {out.stat().st_size // 1024} KiB; the folder "
          f"{sum(file.stat().st_size for file in folder.rglob('*') if file.is_file()) // 1024} KiB")


def logits_of(model, encoded, speedup):
    """Of a classifier by reference.py; None where rows are too nearly alike for a golden."""
    answer = reference.forward(model, encoded["input_ids"], encoded["token_type_ids"], speedup)
    return None if answer.margin < NEAR_TIE else answer.logits


# ---------------------------------------------------------------------------------------------- text-ranking


def save_ranker():
    """A cross-encoder as sentence-transformers saves it today, whose scores are logits."""
    with tempfile.TemporaryDirectory() as place:
        plain = save_folder(pathlib.Path(place) / "ranker", AutoModelForSequenceClassification, BertConfig,
                            shape=(3, 24, 3, 40, 64), labels=["LABEL_0"])
        folder = HERE / "models" / "ranker"
        shutil.rmtree(folder, ignore_errors=True)
        encoder = CrossEncoder(str(plain), device="cpu", activation_fn=torch.nn.Identity())
        encoder.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    (folder / "profile.json").write_text(json.dumps(profile("merge", 3, retention=running_product(ACC[:3])), indent=2))
    return folder


def make_ranking(name, folder):
    encoder = CrossEncoder(str(folder), device="cpu")
    model, tokenizer = reference.load_model(folder), AutoTokenizer.from_pretrained(folder)
    made = made_texts(name, 30, 24)
    cases = []
    for number in range(4):
        query, documents = made[number], ["", *made[4 + 6 * number:10 + 6 * number], " ".join(made[:6])]
        ranked = encoder.rank(query, documents, return_documents=True)
        case = {"query": query, "documents": documents,
                "ranked": [each | {"score": short(each["score"])} for each in ranked], "runs": []}
        batch = tokenizer([query] * len(documents), documents, truncation=True)  # one by one "" would be no pair
        encoded = [{field: rows[row] for field, rows in batch.items()} for row in range(len(documents))]
        scores = encoder.activation_fn(torch.tensor([float(logits_of(model, each, 1)[0]) for each in encoded]))
        for each in ranked:
            assert abs(float(scores[each["corpus_id"]]) - each["score"]) < TOLERANCE, name
        for speedup in SPEEDUPS:
            if speedup > model.profile.max_speedup:
                continue
            logits = [logits_of(model, each, speedup) for each in encoded]
            scores = [None if each is None else short(encoder.activation_fn(each[0])) for each in logits]
            case["runs"].append({"speedup": speedup, "scores": scores})
        cases.append(case)
    write(name, folder, cases)


# ---------------------------------------------------------------------------------- zero-shot-classification


def save_nli():
    return save_folder(HERE / "models" / "nli", AutoModelForSequenceClassification, BertConfig,
                       shape=(3, 24, 2, 40, 64), labels=["contradiction", "neutral", "ENTAILMENT"],
                       profile=profile("discard", 3, retention=[0.8, 0.5, 0.3]))


def make_zero_shot(name, folder, labels=None):
    """`labels`: others than those of the folder, for the same weights."""
    classify = pipeline("zero-shot-classification", model=str(folder))
    if labels:
        classify.model.config.id2label = dict(enumerate(labels))
        classify.model.config.label2id = {label: number for number, label in enumerate(labels)}
    rng = random.Random(zlib.crc32(name.encode()))
    asked = [
        {},
        {"multi_label": True},
        {"hypothesis_template": "is {} in this film?"},
        {"hypothesis_template": "{}", "multi_label": True},
    ]
    cases = []
    for number, text in enumerate(made_texts(name, 12, 40)):
        candidates = [texts.made_text(rng, rng.randint(1, 3)) for _ in range(1 if number == 5 else rng.randint(2, 5))]
        if number == 6:
            text = " ".join(made_texts(name, 6, 40))  # too long
        options = asked[number % len(asked)]
        answer = classify(text, candidates, **options)
        cases.append({"text": text, "candidates": candidates, "options": options,
                      "answer": answer | {"scores": [short(score) for score in answer["scores"]]}}
                     | ({"labels": labels} if labels else {}))
    write(name, folder, cases)


MAKERS = {
    "ranker": lambda: make_ranking("ranker", save_ranker()),
    "ranker-sigmoid": lambda: make_ranking("ranker-sigmoid", HERE.parent / "models" / "cross-encoder"),
    "nli": lambda: make_zero_shot("nli", save_nli()),
    "nli-entailment-first": lambda: make_zero_shot("nli-entailment-first", HERE / "models" / "nli",
                                                   ["entailment", "neutral", "contradiction"]),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for wanted in sys.argv[1:] or MAKERS:
        MAKERS[wanted]()
