"""Makes tests/parity/decoders/goldens/: what the small decoders of tests/parity/models/ have to answer.

    python make_goldens.py [NAME ...]
    python make_goldens.py --gpt-nano-outputs FILE gpt-nano-sort    # also what its authors publish that it answers

classifiers/: what GPT2ForSequenceClassification says of texts, and of texts of which rows were dropped.

Logits of every position, greedy and beam-searched texts come from transformers; texts from prompts of which rows were
dropped come from reference.py, which has to agree with transformers where nothing is dropped. sampling.json: what
transformers' own logits processors make of fixed logits.
"""

import argparse
import base64
import json
import pathlib
import tempfile
import shutil

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.generation import logits_process as processors

import reference

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent / "models"
GOLDENS = HERE / "goldens"


def load(folder):
    """The folder's model in transformers, integers widened first."""
    tensors = load_file(folder / "model.safetensors")
    if not any(name.endswith("_scale") for name in tensors):
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with tempfile.TemporaryDirectory() as copy:
        copy = pathlib.Path(copy)
        shutil.copy(folder / "config.json", copy)
        wide = {
            name: torch.from_numpy(t).float() for name, t in reference.read_tensors(folder).items()
        }
        wide = {name: t.t().contiguous() if ".c_" in name and t.dim() == 2 else t for name, t in wide.items()}
        if "embed_tokens.weight" in wide:
            wide = {name if name == "lm_head.weight" else "model." + name: t for name, t in wide.items()}
        else:
            wide = {name if name == "lm_head.weight" else "transformer." + name: t for name, t in wide.items()}
        save_file(wide, copy / "model.safetensors", metadata={"format": "pt"})
        return AutoModelForCausalLM.from_pretrained(copy, dtype=torch.float32).eval()


def rounded(values):
    return [float(f"{value:.7g}") for value in values]


def full_case(model, ids, new_tokens):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
        mask = torch.ones(1, len(ids), dtype=torch.long)
        common = dict(attention_mask=mask, max_new_tokens=new_tokens, pad_token_id=0, do_sample=False)
        greedy = model.generate(torch.tensor([ids]), num_beams=1, **common)[0, len(ids) :].tolist()
        penalised = model.generate(torch.tensor([ids]), num_beams=1, repetition_penalty=1.3, **common)[0, len(ids) :]
        beams = model.generate(torch.tensor([ids]), num_beams=3, **common)[0, len(ids) :].tolist()
    return {
        "ids": ids,
        "logits": [rounded(row) for row in logits.tolist()],
        "greedy": greedy,
        "penalised": penalised.tolist(),
        "beams": beams,
    }


ARMS = [
    dict(score="contrast", tail_share=0.5, window=4, before=12, smooth=7),
    dict(score="largest_head", tail_share=0.25, window=8, before=0, smooth=1),
    dict(score="mean", tail_share=0.0, window=16, before=0, smooth=3),
    dict(score="recent", tail_share=0.5, window=16, before=64, smooth=1),
    dict(score="learned", tail_share=0.3, window=16, before=64, smooth=1),
]


def dropped_case(model, ids, arm, retention, speedup):
    how = reference.How(**arm)
    counts = reference.solve(model, how, retention, len(ids), speedup)
    run = model.prefill(ids, counts, how)
    case = {
        "ids": ids,
        "how": arm,
        "retention": retention,
        "speedup": speedup,
        "counts": counts,
        "macs": reference.macs(model, how, len(ids), counts),
        "kept": run.kept,
        "logits": rounded(run.logits),
    }
    texts = []
    for _ in range(4):
        texts.append(int(run.logits.argmax()))
        model.step(run, texts[-1])
    return case | {"greedy": texts, "logits_behind": rounded(run.logits)}


def published_cases(path):
    """The texts and logits of every position that the authors of gpt-nano-sort give beside its weights."""
    partials = json.loads(pathlib.Path(path).read_text())
    values = {
        name: np.frombuffer(base64.b64decode(partials[name]["data"]), "<f4").reshape(partials[name]["shape"])
        for name in ("idx", "lm_head")
    }
    return [
        {"ids": ids.astype(int).tolist(), "logits": [[i, rounded(row)] for i, row in enumerate(logits.tolist())]}
        for ids, logits in zip(values["idx"], values["lm_head"])
    ]


def make(name, published=None):
    folder = MODELS / name
    model = load(folder)
    own = reference.Model.read(folder)
    random = np.random.default_rng(len(name))
    cases = []
    for length in (1, 7, 23):
        length = min(length, own.positions - 4)
        ids = random.integers(0, own.vocabulary, length).tolist()
        case = full_case(model, ids, min(12, own.positions - length))
        error = np.abs(own.prefill(ids).logits - np.array(case["logits"][-1])).max()
        assert error < 2e-5 * max(1, np.abs(case["logits"][-1]).max()), (name, length, error)
        if own.vocabulary > 100:
            case["logits"] = [[i, row] for i, row in enumerate(case["logits"]) if i % 11 == 0 or i + 1 == length]
        else:
            case["logits"] = [[i, row] for i, row in enumerate(case["logits"])]
        cases.append(case)
    dropped = []
    if own.positions >= 48 and own.layers > 1:
        for number, arm in enumerate(ARMS if "scorer" in name else ARMS[:-1]):
            length = min(own.positions - 8, 40 + 13 * number)
            ids = random.integers(0, own.vocabulary, length).tolist()
            progressive = [0.8 ** (layer + 1) for layer in range(own.layers)]
            once = [1.0] * (1 if own.layers > 2 else 0) + [0.5] * (own.layers - (1 if own.layers > 2 else 0))
            dropped.append(dropped_case(own, ids, arm, progressive if number % 2 else once, 1.5 + 0.5 * number))
    golden = {"model": name, "vocabulary": own.vocabulary, "cases": cases, "dropped": dropped}
    if published:
        golden["published"] = published_cases(published)
    text = json.dumps(golden, separators=(",", ":"))
    (GOLDENS / f"{name}.json").write_text(text + "\n")
    print(name, len(text) // 1024, "KiB")


CLASSIFIED = [
    "It was the best of times.",
    "x",
    "It was the worst of times, it was the age of foolishness. Nobody looked there until winter came.",
    "the old man <|endoftext|>",  # what pads, at the end, is passed over
    "<|endoftext|> the blue lamp<|endoftext|><|endoftext|>",  # and only there
    "<|endoftext|><|endoftext|>",  # nothing else
    "h\u00e9llo \u6771\u4eac",
    "Nobody looked there until winter came, and then it was too late. " * 3,  # longer than the model reads
]


def make_classifier(name):
    folder = MODELS / name
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    own = reference.Model.read(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    retention = [1e-6 ** ((layer + 1) / own.layers) for layer in range(own.layers)]  # a model without profile.json
    how = reference.How()
    cases = []
    for text in CLASSIFIED:
        ids = tokenizer.encode(text).ids[: own.positions]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        pad = model.config.pad_token_id
        read = max([i + 1 for i, token in enumerate(ids) if token != pad], default=1)
        assert np.abs(own.prefill(ids[:read]).logits - logits.numpy()).max() < 2e-5, text
        case = {"text": text, "tokens": len(ids), "logits": rounded(logits.tolist())}
        case["scores"] = rounded(logits.softmax(0).tolist())
        case["runs"] = []
        for speedup in (1.5, 3) if len(ids) > 20 and read == len(ids) else ():
            counts = reference.solve(own, how, retention, len(ids), speedup)
            run = own.prefill(ids, counts, how)
            scores = torch.from_numpy(run.logits).softmax(0).tolist()
            macs = reference.macs(own, how, len(ids), counts)
            case["runs"].append(
                {"speedup": speedup, "counts": counts, "macs": macs, "kept": run.kept, "scores": rounded(scores)}
            )
        cases.append(case)
    (HERE / "classifiers").mkdir(exist_ok=True)
    golden = {"model": name, "labels": list(model.config.id2label.values()), "cases": cases}
    text = json.dumps(golden, separators=(",", ":"))
    (HERE / "classifiers" / f"{name}.json").write_text(text + "\n")
    print(name, len(text) // 1024, "KiB")


def sampling():
    """Fixed logits through transformers' processors, one by one and together, ties and edges among them."""
    generator = torch.Generator().manual_seed(7)
    plain = torch.randn(24, generator=generator) * 3
    tied = torch.tensor([1.0, 2.0, 2.0, 2.0, 0.5, 0.5, -1.0, -1.0, 3.0, 3.0, 0.0, -0.0])
    flat = torch.zeros(8)
    sharp = torch.tensor([50.0, 0.0, -50.0, 49.0, -1e30, 1e-30])
    options = [
        {},
        {"temperature": 0.5},
        {"temperature": 1.7},
        {"top_k": 1},
        {"top_k": 2},
        {"top_k": 5},
        {"top_k": 1000},
        {"top_p": 0.9},
        {"top_p": 0.5},
        {"top_p": 1e-6},
        {"min_p": 0.1},
        {"min_p": 1.0},
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 0.7},
        {"temperature": 0.8, "top_k": 6, "top_p": 0.8, "min_p": 0.05, "repetition_penalty": 1.2},
        {"temperature": 2.5, "top_k": 10, "top_p": 0.95},
    ]
    cases = []
    for logits in (plain, tied, flat, sharp):
        text = [1, 3, 3, 5, 0]
        for choice in options:
            scores = logits.clone()[None]
            steps = [
                ("repetition_penalty", processors.RepetitionPenaltyLogitsProcessor),
                ("temperature", processors.TemperatureLogitsWarper),
                ("top_k", processors.TopKLogitsWarper),
                ("top_p", processors.TopPLogitsWarper),
                ("min_p", processors.MinPLogitsWarper),
            ]
            for name, step in steps:
                if name in choice:
                    scores = step(choice[name])(torch.tensor([text]), scores)
            result = [value if value > -1e38 else None for value in scores[0].tolist()]
            cases.append({"logits": logits.tolist(), "text": text, "options": choice, "scores": result})
    GOLDENS.mkdir(exist_ok=True)
    (GOLDENS / "sampling.json").write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--gpt-nano-outputs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sampling()
    known = sorted(p.name for p in MODELS.iterdir() if p.name.startswith(("gpt2-", "gpt-", "llama-")))
    for name in arguments.names or known:
        if name.endswith("-classifier"):
            make_classifier(name)
            continue
        make(name, arguments.gpt_nano_outputs if name == "gpt-nano-sort" else None)


if __name__ == "__main__":
    main()
