"""Makes tests/parity/tasks/: small folders with the heads of tasks, and what they must answer.

    python make_goldens.py [NAME ...]
    PYTHONPATH=FOLDER python make_goldens.py question question-distilbert question-roberta

Question answering is no pipeline of transformers 5 any more; FOLDER has transformers 4.57.3 (pip install --no-deps --target FOLDER
transformers==4.57.3 huggingface_hub==0.36.0 tokenizers==0.22.1), which reads the folders that transformers 5 has saved.

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
import transformers
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertTokenizerFast,
    DistilBertConfig,
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
    sizes = (dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=intermediate)
             if config_class is BertConfig else dict(dim=hidden, n_layers=layers, n_heads=heads, hidden_dim=intermediate))
    config = config_class(vocab_size=len(vocabulary), max_position_embeddings=positions, **sizes, **fields)
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


def save_like(name, sibling, model_class, labels=None):
    """A folder of `model_class` with the sizes, tokenizer and profile of tests/parity/models/<sibling>."""
    origin, folder = HERE.parent / "models" / sibling, HERE / "models" / name
    config = AutoConfig.from_pretrained(origin)
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    seed = zlib.crc32(name.encode())
    torch.manual_seed(seed)
    model = model_class.from_config(config).float()
    randomise(model, seed)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for file in origin.iterdir():
        if file.name not in ("config.json", "model.safetensors"):
            shutil.copy(file, folder)
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
    from sentence_transformers import CrossEncoder

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
    from sentence_transformers import CrossEncoder

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


# ------------------------------------------------------------------------------------------- heads of tokens


def last_states(model, ids, type_ids, speedup):
    """(n, d) of what each token was when it was last there, and an Answer; None where rows are too nearly alike."""
    entered, states = [], None

    # The rows that enter each layer are those that its products for query, key and value see.
    linear = reference.linear

    def watched(model, name, x):
        if name.endswith("attention.self.query"):
            entered.append(x)
        return linear(model, name, x)

    reference.linear = watched
    try:
        x, _, answer = reference.last_rows(model, ids, type_ids, speedup, one_row=False)
    finally:
        reference.linear = linear
    positions = list(range(len(ids)))
    states = torch.zeros(len(ids), x.shape[1], dtype=torch.float64)
    for rows, kept in zip([*entered, x], [*answer.kept, None]):
        states[positions] = rows[: len(positions)]  # behind them stands the rest row
        positions = kept if kept is not None else positions
    return None if answer.margin < NEAR_TIE else (states, answer)


SIBLINGS = {"bert": BertConfig, "distilbert": DistilBertConfig}


def rounded(entities):
    return [{key: short(value) if key == "score" else value for key, value in entity.items()} for entity in entities]


def in_utf16(text, entities):
    """Places of Python's characters -> places of JavaScript's."""
    place = lambda at: len(text[:at].encode("utf-16-le")) // 2
    return [entity | {"start": place(entity["start"]), "end": place(entity["end"])} for entity in entities]


TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC"]


def save_tokens(name, model_type, cased):
    return save_folder(HERE / "models" / name, AutoModelForTokenClassification, SIBLINGS[model_type],
                       shape=(3, 24, 2, 40, 64), labels=TAGS, cased=cased,
                       profile=profile("merge", 3, retention=[0.8, 0.5, 0.3]))


def make_tokens(name, folder):
    find = pipeline("token-classification", model=str(folder))
    model = reference.load_model(folder)
    cases = []
    for number, text in enumerate(["", "good", *made_texts(name, 12, 30), " ".join(made_texts(name, 6, 30)),
                                   "电影🎬 film 🎬🎬 naïve e\u0301te", "Zürich  \t unwatchable"]):
        case = {"text": text, "found": {}, "runs": []}
        for strategy in ["none", "simple", "first", "average", "max"]:
            ignored = {} if number % 3 else {"ignore_labels": ["LOC", "B-LOC"]}
            found = find(text, aggregation_strategy=strategy, **ignored) if text else []
            case["found"][strategy] = in_utf16(text, rounded(found))
            case["options"] = ignored
        encoded = find.tokenizer(text, truncation=True)
        ids, types = encoded["input_ids"], encoded.get("token_type_ids", [0] * len(encoded["input_ids"]))
        with torch.no_grad():
            batch = {key: torch.tensor([value]) for key, value in encoded.items()}
            theirs = find.model(**batch).logits[0].double()
        for speedup in [1, *SPEEDUPS]:
            found = last_states(model, ids, types, speedup)
            if found is None:
                continue
            logits = reference.linear(model, "classifier", found[0])
            if speedup == 1:
                assert float((logits - theirs).abs().max()) < TOLERANCE, f"{name}: {(logits - theirs).abs().max()}"
                continue
            scores, labels = torch.softmax(logits, -1).max(-1)
            case["runs"].append({"speedup": speedup, "counts": found[1].schedule.counts,
                                 "labels": [TAGS[label] for label in labels[1:-1]],
                                 "scores": [short(score) for score in scores[1:-1]]})
        cases.append(case)
    write(name, folder, cases)


def save_mask(name, model_type):
    return save_folder(HERE / "models" / name, AutoModelForMaskedLM, SIBLINGS[model_type],
                       shape=(3, 24, 2, 40, 64), profile=profile("discard", 3, retention=[0.8, 0.5, 0.3]))


# dense layer, norm, bias; what stands between the first two where it is not config.json's activation.
MASK_HEADS = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias", None),
    "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias", None),
    "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", torch.nn.functional.gelu),
    "mpnet": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", torch.nn.functional.gelu),
    "albert": ("predictions.dense", "predictions.LayerNorm", "predictions.bias", None),
    "electra": ("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias",
                torch.nn.functional.gelu),
}


def make_mask(name, folder):
    fill = pipeline("fill-mask", model=str(folder))
    model = reference.load_model(folder)
    rng = random.Random(zlib.crc32(name.encode()))
    cases = []
    for number, text in enumerate(made_texts(name, 10, 30)):
        words = text.split(" ")
        for _ in range(2 if number % 4 == 3 else 1):
            words.insert(rng.randint(0, len(words)), fill.tokenizer.mask_token)
        text = " ".join(words)
        top_k = 3 if number % 2 else 5
        filled = fill(text, top_k=top_k, tokenizer_kwargs={"truncation": True})
        case = {"text": text, "top_k": top_k,
                "filled": rounded(filled) if isinstance(filled[0], dict) else [rounded(each) for each in filled],
                "runs": []}
        encoded = fill.tokenizer(text, truncation=True)
        ids, types = encoded["input_ids"], encoded.get("token_type_ids", [0] * len(encoded["input_ids"]))
        places = [place for place, id in enumerate(ids) if id == fill.tokenizer.mask_token_id]
        with torch.no_grad():
            batch = {key: torch.tensor([value]) for key, value in encoded.items()}
            theirs = fill.model(**batch).logits[0].double()[places]
        transform, norm, bias, activation = MASK_HEADS[model.config["model_type"]]
        for speedup in [1, *SPEEDUPS]:
            found = last_states(model, ids, types, speedup)
            if found is None:
                continue
            x = reference.linear(model, transform, found[0][places])
            x = activation(x) if activation else reference.activation(model, x)
            logits = (reference.layer_norm(model, norm, x) @ model.weights["embeddings.word_embeddings.weight"].T
                      + model.weights[bias])
            if speedup == 1:
                assert float((logits - theirs).abs().max()) < 1e-4, f"{name}: {(logits - theirs).abs().max()}"
                continue
            scores, tokens = torch.softmax(logits, -1).topk(3)
            case["runs"].append({"speedup": speedup, "counts": found[1].schedule.counts,
                                 "tokens": tokens.tolist(),
                                 "scores": [[short(score) for score in row] for row in scores]})
        cases.append(case)
    write(name, folder, cases)


def save_question(name, model_type):
    folder = HERE / "models" / name
    if transformers.__version__ < "5":  # a folder of transformers 5 is there
        return folder
    if model_type not in SIBLINGS:
        return save_like(name, model_type, AutoModelForQuestionAnswering, ["LABEL_0", "LABEL_1"])
    return save_folder(folder, AutoModelForQuestionAnswering, SIBLINGS[model_type],
                       shape=(3, 24, 2, 40, 64), profile=profile("merge", 3, retention=[0.8, 0.5, 0.3]))


def make_question(name, folder):
    if transformers.__version__ >= "5":
        print(f"{name}: the folder; answers by transformers 4")
        return
    answer = pipeline("question-answering", model=str(folder))
    if answer.model.config.model_type == "distilbert":  # whose own tokenizers tell no types
        answer.tokenizer.model_input_names = ["input_ids", "attention_mask"]
    made = made_texts(name, 40, 24, least=3)
    asked = [
        {},
        {"top_k": 3},
        {"top_k": 4, "max_answer_len": 3, "align_to_words": False},
        {"doc_stride": 8, "max_seq_len": 40},
        {"top_k": 3, "handle_impossible_answer": True},
        {"top_k": 2, "doc_stride": 10},
    ]
    cases = []
    for number in range(12):
        options = asked[number % len(asked)]
        question = " ".join(made[number].split(" ")[:6]) + "?"
        context = "电影🎬 ".join(made[12 + 2 * number:14 + 2 * number]) if number % 3 else " ".join(made[:8])
        found = answer(question=question, context=context, **options)
        found = in_utf16(context, rounded(found if isinstance(found, list) else [found]))
        cases.append({"question": question, "context": context, "options": options, "answers": found})
    write(name, folder, cases)


MAKERS = {
    "tokens": lambda: make_tokens("tokens", save_tokens("tokens", "bert", cased=True)),
    "tokens-distilbert": lambda: make_tokens("tokens-distilbert", save_tokens("tokens-distilbert", "distilbert", cased=False)),
    "tokens-roberta": lambda: make_tokens("tokens-roberta", save_like("tokens-roberta", "roberta", AutoModelForTokenClassification, TAGS)),
    "tokens-xlm-roberta": lambda: make_tokens(
        "tokens-xlm-roberta", save_like("tokens-xlm-roberta", "xlm-roberta", AutoModelForTokenClassification, TAGS)),
    "tokens-electra": lambda: make_tokens(
        "tokens-electra", save_like("tokens-electra", "electra", AutoModelForTokenClassification, TAGS)),
    "mask-albert": lambda: make_mask("mask-albert", save_like("mask-albert", "albert", AutoModelForMaskedLM)),
    "mask-electra": lambda: make_mask("mask-electra", save_like("mask-electra", "electra", AutoModelForMaskedLM)),
    # Its hidden_act is ReLU, of which the head knows nothing.
    "mask-mpnet": lambda: make_mask("mask-mpnet", save_like("mask-mpnet", "mpnet-discard", AutoModelForMaskedLM)),
    "mask-roberta": lambda: make_mask("mask-roberta", save_like("mask-roberta", "roberta", AutoModelForMaskedLM)),
    "mask": lambda: make_mask("mask", save_mask("mask", "bert")),
    "mask-distilbert": lambda: make_mask("mask-distilbert", save_mask("mask-distilbert", "distilbert")),
    "question": lambda: make_question("question", save_question("question", "bert")),
    "question-distilbert": lambda: make_question("question-distilbert", save_question("question-distilbert", "distilbert")),
    "question-roberta": lambda: make_question("question-roberta", save_question("question-roberta", "roberta")),
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
