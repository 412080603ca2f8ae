"""Makes tests/parity/embeddings/: small folders of sentence-transformers, and what they must answer.

    python make_goldens.py [NAME ...]

Folders are saved by the real library (sentence-transformers), and vectors at speedup 1 are what it then gives; at other
speedups they are reference.py's, which must agree with the library at speedup 1 within 1e-5 or nothing is written.

    models/<name>/          as sentence-transformers saves it, profile.json beside
    goldens/<name>.json     {"model": folder, "cases": [{"text": "...", "prompt_name": "...", "runs": [
                              {"speedup": 2, "achieved": 2.01, "counts": [12, 9], "values": [...]}]}]}
"""

import json
import pathlib
import shutil
import sys
import tempfile
import zlib

import torch
from sentence_transformers import SentenceTransformer, models
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import AutoModel, BertConfig, BertTokenizerFast, DistilBertConfig, MPNetConfig

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(HERE.parent))

import reference  # noqa: E402
import small_tokenizers  # noqa: E402
import texts  # noqa: E402
from make_models import ACC, profile, randomise, running_product  # noqa: E402

TOLERANCE = 1e-5
NEAR_TIE = 1e-5
SPEEDUPS = [1, 1.5, 2, 3]

# shape: layers, hidden size, heads, intermediate size, positions.
MODELS = {
    # As all-MiniLM: the mean, normalised; shorter than the model could.
    "mean": dict(
        shape=(4, 24, 3, 56, 128),
        max_seq_length=48,
        normalize=True,
        profile=profile("merge", 4, retention=running_product(ACC[:4])),
    ),
    # As bge: [CLS], with prompts, of which one is put before every text.
    "cls": dict(
        shape=(3, 20, 2, 40, 64),
        pooling="cls",
        prompts={"query": "represent this: ", "passage": ""},
        default_prompt="query",
        profile=profile("discard", 3, retention=[0.8, 0.5, 0.3]),
    ),
    # As paraphrase-multilingual-MiniLM: BERT with the tokenizer of XLM-RoBERTa.
    "multilingual": dict(
        tokenizer="xlm-roberta",
        shape=(3, 24, 2, 40, 64),
        profile=profile("merge", 3, retention=running_product(ACC[:3])),
    ),
    # As all-mpnet-base.
    "mpnet": dict(
        model_type="mpnet",
        tokenizer="mpnet",
        shape=(3, 24, 2, 40, 64),
        normalize=True,
        profile=profile("merge", 3, retention=running_product(ACC[:3])),
    ),
    # A dense layer behind the mean, of DistilBERT; dropped rows are discarded.
    "dense": dict(
        model_type="distilbert",
        shape=(3, 24, 2, 40, 64),
        dense=10,
        normalize=True,
        profile=profile("discard", 3, retention=[0.8, 0.5, 0.3]),
    ),
}


def make_model(name, shape, profile, model_type="bert", pooling="mean", max_seq_length=None, dense=None, normalize=False,
               prompts=None, default_prompt=None, tokenizer=None):
    cutter = small_tokenizers.make(tokenizer)
    vocabulary = cutter.get_vocab() if cutter else texts.made_vocabulary(cased=False)
    layers, hidden, heads, intermediate, positions = shape
    if model_type == "distilbert":
        config = DistilBertConfig(vocab_size=len(vocabulary), dim=hidden, n_layers=layers, n_heads=heads,
                                  hidden_dim=intermediate, max_position_embeddings=positions)
    elif model_type == "mpnet":
        config = MPNetConfig(vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=layers,
                             num_attention_heads=heads, intermediate_size=intermediate,
                             max_position_embeddings=positions + 2)
    else:
        config = BertConfig(vocab_size=len(vocabulary), hidden_size=hidden, num_hidden_layers=layers,
                            num_attention_heads=heads, intermediate_size=intermediate,
                            max_position_embeddings=positions)
    seed = zlib.crc32(name.encode())
    torch.manual_seed(seed)
    model = AutoModel.from_config(config)
    randomise(model, seed)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = pathlib.Path(folder)
        if cutter:
            cutter.model_max_length = positions
            cutter.save_pretrained(folder)
        else:
            (path / "vocab.txt").write_text("".join(word + "\n" for word in vocabulary), encoding="utf-8")
            BertWordPieceTokenizer(str(path / "vocab.txt"), lowercase=True).save(str(path / "tokenizer.json"))
            BertTokenizerFast(tokenizer_file=str(path / "tokenizer.json"), model_max_length=positions).save_pretrained(
                folder
            )
        transformer = models.Transformer(folder, max_seq_length=max_seq_length)
        parts = [transformer, models.Pooling(hidden, pooling_mode=pooling)]
        if dense:
            parts.append(models.Dense(hidden, dense))
        if normalize:
            parts.append(models.Normalize())
        sentences = SentenceTransformer(modules=parts, prompts=prompts, default_prompt_name=default_prompt, device="cpu")
        target = HERE / "models" / name
        shutil.rmtree(target, ignore_errors=True)
        sentences.save(str(target), create_model_card=False)
    (target / "profile.json").write_text(json.dumps(profile, indent=2) + "\n")
    return target


def embed(model, settings, folder, ids, speedup):
    """reference.py's rows of the last layer, then the modules behind it."""
    rows, sizes, answer = reference.last_rows(model, ids, [0] * len(ids), speedup, one_row=False)
    vector = rows[0] if settings.get("pooling") == "cls" else (sizes[:, None] * rows).sum(0) / sizes.sum()
    if settings.get("dense"):
        weights = reference.stored_weights(folder / "2_Dense")
        vector = torch.tanh(weights["linear.weight"] @ vector + weights["linear.bias"])
    if settings.get("normalize"):
        vector = vector / vector.norm().clamp(min=1e-12)
    return vector, answer


def make_golden(name, folder, settings):
    sentences = SentenceTransformer(str(folder), device="cpu")
    model = reference.load_model(folder)
    longest = sentences.max_seq_length
    cases, worst = [], 0.0
    prompts = [None, *settings.get("prompts", {})]
    for number, (text, _) in enumerate(texts.made_inputs(zlib.crc32(name.encode()), 16, longest, False)):
        prompt_name = prompts[number % len(prompts)]
        prompt = settings.get("prompts", {}).get(prompt_name or settings.get("default_prompt"), "")
        ids = sentences.tokenizer(prompt + text, truncation=True, max_length=longest)["input_ids"]
        case = {"text": text} | ({"prompt_name": prompt_name} if prompt_name else {}) | {"runs": []}
        for speedup in SPEEDUPS:
            vector, answer = embed(model, settings, folder, ids, speedup)
            if speedup == 1:
                theirs = torch.tensor(sentences.encode(text, prompt_name=prompt_name)).double()
                worst = max(worst, float((theirs - vector).abs().max()))
                assert worst < TOLERANCE, f"{name}: reference.py and sentence-transformers differ by {worst}"
                vector = theirs
            if answer.margin < NEAR_TIE:
                continue
            case["runs"].append({
                "speedup": speedup,
                "achieved": answer.schedule.achieved,
                "counts": answer.schedule.counts,
                "values": [float(f"{float(value):.8g}") for value in vector],
            })
        cases.append(case)
    out = HERE / "goldens" / f"{name}.json"
    out.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    out.write_text(f'{{"model":"{folder.relative_to(ROOT).as_posix()}","cases":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{name}: {len(cases)} texts; reference.py and sentence-transformers differ by {worst:.1e}; "
          f"{out.stat().st_size // 1024} KiB, the folder "
          f"{sum(file.stat().st_size for file in folder.rglob('*') if file.is_file()) // 1024} KiB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, settings in MODELS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder = make_model(name, **settings)
        make_golden(name, folder, settings)
