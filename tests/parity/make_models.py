"""Makes the small random models of tests/parity/models/, each an ordinary Hugging Face folder of some tens of kilobytes.

    python make_models.py [NAME ...]    # rewrites these folders, or every one; the same seeds give the same bytes

Between them they hold every shape that the engine reads: one to six layers, odd head sizes, feed-forward sizes that
are no multiple of anything, one and two token types, f32, f16, bf16 and int8, every activation, every kind of head, old
and new names.
"""

import json
import math
import pathlib
import shutil
import sys
import zlib

import torch
from safetensors.torch import load_file, save_file
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import (
    AlbertConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    RobertaConfig,
    XLMRobertaConfig,
)
from transformers.models.distilbert.modeling_distilbert import create_sinusoidal_embeddings

import small_tokenizers
import texts

FOLDER = pathlib.Path(__file__).parent / "models"


ACC = [0.74, 0.52, 0.61, 0.47, 0.66, 0.58]


def profile(dropped, max_speedup, **fields):
    return {"version": 1, **fields, "dropped": dropped, "max_speedup": max_speedup}


def running_product(acc):
    return [round(math.prod(acc[: layer + 1]), 6) for layer in range(len(acc))]


# shape: layers, hidden size, heads, intermediate size, positions; then what is special about the model.
MODELS = {
    # The ordinary case, long texts, dropped rows merged.
    "merge-f32": dict(
        shape=(4, 32, 4, 128, 512),
        profile=profile("merge", 6, acc=ACC[:4], retention=running_product(ACC[:4])),
    ),
    # The other way with dropped rows; feed-forward narrower than usual; three labels.
    "discard-f16": dict(
        shape=(6, 24, 2, 50, 512),
        profile=profile("discard", 10, acc=ACC, retention=running_product(ACC)),
        hidden_act="gelu_new",
        labels=["CONTRA", "NEUTRAL", "PRO"],
        dtype=torch.float16,
    ),
    # Nothing a multiple of four; one token type, hence no pairs; names without "bert."; vocab.txt; a profile by shape.
    "odd-bf16": dict(
        shape=(3, 21, 3, 33, 96),
        profile=profile("merge", 4.8, shape="linear", r_min=0.1),
        type_vocab_size=1,
        dtype=torch.bfloat16,
        prefix=False,
        tokenizer_json=False,
    ),
    # One layer: there is nothing to eliminate before the last one. A single number as answer; an unusual epsilon.
    "one-layer": dict(
        shape=(1, 16, 1, 40, 64),
        profile=profile("discard", 3, retention=[0.5]),
        hidden_act="relu",
        labels=["STARS"],
        problem_type="regression",
        layer_norm_eps=0.05,
    ),
    # A cross-encoder as they are often published: one label, and no word on the kind of problem.
    "cross-encoder": dict(
        shape=(2, 16, 2, 32, 64),
        profile=profile("merge", 2, retention=[0.4, 0.4]),
        labels=["LABEL_0"],
    ),
    # An old checkpoint: gamma and beta, a position_ids buffer, no labels' names, no profile.json.
    "no-profile": dict(shape=(5, 20, 4, 64, 512), hidden_act="gelu_new", old_names=True, labels=None),
    # A plateau: layers that drop nothing, first before there is a rest row, then with one passing through them.
    "plateau": dict(
        shape=(6, 16, 2, 24, 192),
        profile=profile("merge", 5, retention=[1, 0.6, 0.6, 0.6, 0.3, 0.3]),
        hidden_act="gelu_pytorch_tanh",
    ),
    # Discarding in two layers of heads of 11; answers that do not exclude each other; upper case counts.
    "cased-multi-label": dict(
        shape=(2, 33, 3, 47, 128),
        profile=profile("discard", 2.5, acc=[0.35, 0.9], shape="running_minimum"),
        labels=["SAD", "FUNNY", "TENSE"],
        cased=True,
        tokenizer_json=False,
        problem_type="multi_label_classification",
    ),
    # Weights as 4 bits with a scale for each group of columns, the embeddings too.
    "discard-int4": dict(
        shape=(3, 24, 2, 44, 128),
        profile=profile("discard", 4, acc=ACC[:3], shape="running_product", r_min=0.1),
        int4=True,
    ),
    # A model that was taught what to keep: scores are raised by what each layer's scorer makes of a word-vector.
    "merge-scorer": dict(
        shape=(4, 24, 3, 40, 192),
        profile=profile("merge", 6, acc=ACC[:4], shape="running_product", r_min=0.1),
        scorer=True,
    ),
    # DistilBERT: names and fields of its own, no token types, ReLU in the head; words that were taught to stay.
    "distilbert": dict(
        model_type="distilbert",
        shape=(4, 24, 3, 56, 256),
        profile=profile("merge", 6, acc=ACC[:4], retention=running_product(ACC[:4])),
        scorer=True,
    ),
    # DistilBERT as f16, positions that are sines, vocab.txt, and no profile.
    "distilbert-sinusoidal": dict(
        model_type="distilbert",
        shape=(2, 20, 2, 30, 96),
        hidden_act="relu",
        labels=["CONTRA", "NEUTRAL", "PRO"],
        dtype=torch.float16,
        tokenizer_json=False,
        sinusoidal=True,
    ),
    # RoBERTa: byte-level BPE, positions behind that of padding, a head outside of the encoder.
    "roberta": dict(
        model_type="roberta",
        shape=(4, 24, 3, 56, 128),
        profile=profile("merge", 6, acc=ACC[:4], retention=running_product(ACC[:4])),
        type_vocab_size=1,
        labels=["CONTRA", "NEUTRAL", "PRO"],
        layer_norm_eps=1e-5,
        scorer=True,
    ),
    # RoBERTa as it was first published: vocab.json and merges.txt, padding of another id, weights as f16, no profile.
    "roberta-f16": dict(
        model_type="roberta",
        shape=(2, 20, 2, 30, 64),
        type_vocab_size=1,
        dtype=torch.float16,
        pad_token_id=4,
    ),
    # XLM-RoBERTa: RoBERTa with a unigram tokenizer.
    "xlm-roberta": dict(
        model_type="xlm-roberta",
        shape=(3, 24, 2, 40, 128),
        profile=profile("discard", 4, acc=ACC[:3], shape="running_product", r_min=0.1),
        type_vocab_size=1,
    ),
    # CamemBERT: the same with other ids, and as 4 bits.
    "camembert-int4": dict(
        model_type="camembert",
        shape=(3, 24, 3, 40, 96),
        profile=profile("merge", 4, acc=ACC[:3], retention=running_product(ACC[:3])),
        type_vocab_size=1,
        int4=True,
    ),
    # ELECTRA: embeddings narrower than the layers, GELU in the head.
    "electra": dict(
        model_type="electra",
        shape=(3, 24, 2, 40, 96),
        embedding_size=16,
        profile=profile("discard", 4, acc=ACC[:3], shape="running_product", r_min=0.1),
    ),
    # ELECTRA whose embeddings are wider, and as int8; dropped rows are merged.
    "electra-int8": dict(
        model_type="electra",
        shape=(2, 16, 2, 24, 64),
        embedding_size=72,
        profile=profile("merge", 2.5, acc=[0.35, 0.9], shape="running_minimum"),
        int8=True,
    ),
    # ALBERT: one layer for all, embeddings narrower than that, a tokenizer that decomposes and strips accents.
    "albert": dict(
        model_type="albert",
        shape=(4, 24, 3, 40, 96),
        embedding_size=16,
        profile=profile("merge", 6, acc=ACC[:4], retention=running_product(ACC[:4])),
        hidden_act="gelu_new",
    ),
    # ALBERT whose embeddings are as wide, which it projects all the same, and as int8.
    "albert-int8": dict(
        model_type="albert",
        shape=(3, 16, 2, 24, 64),
        embedding_size=16,
        profile=profile("discard", 4, acc=ACC[:3], shape="running_product", r_min=0.1),
        labels=["CONTRA", "NEUTRAL", "PRO"],
        int8=True,
    ),
    # MPNet: attention that looks at distances, of texts longer than the last of them that is told apart.
    "mpnet": dict(
        model_type="mpnet",
        shape=(4, 24, 3, 40, 192),
        profile=profile("merge", 6, acc=ACC[:4], retention=running_product(ACC[:4])),
    ),
    "mpnet-discard": dict(
        model_type="mpnet",
        shape=(3, 20, 2, 30, 64),
        profile=profile("discard", 4, acc=ACC[:3], shape="running_product", r_min=0.1),
        hidden_act="relu",
        labels=["STARS"],
        problem_type="regression",
        dtype=torch.bfloat16,
    ),
    # Weights as int8 with one scale for each row, the embeddings too.
    "merge-int8": dict(
        shape=(4, 24, 3, 72, 256),
        profile=profile("merge", 6, acc=ACC[:4], shape="running_product", r_min=0.2),
        int8=True,
    ),
}


def randomise(model, seed):
    """Weights large enough that attention has favourites and word-vectors differ, and every bias and gain is in use."""
    generator = torch.Generator().manual_seed(seed)
    hidden = model.config.hidden_size
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "embeddings.weight" in name.replace("_embeddings", "embeddings") or "attention_bias" in name:
            scale = 0.5 if "token_type" in name or "position" in name else 1.0
            parameter.data = noise * scale
        elif "LayerNorm.weight" in name or "layer_norm.weight" in name:
            parameter.data = 1 + 0.2 * noise
        elif name.endswith("bias"):
            parameter.data = 0.2 * noise
        else:
            parameter.data = noise * math.sqrt(1.4 / hidden)


def quantise(tensors):
    """Matrices as int8 and one f32 scale for each row, (rows, 1), the compressed-tensors way."""
    out = {}
    for name, tensor in tensors.items():
        if tensor.dim() == 2 and not any(part in name for part in ("pooler", "classifier", "attention_bias")):
            scale = tensor.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
            out[name] = torch.round(tensor / scale).clamp(-127, 127).to(torch.int8)
            out[name + "_scale"] = scale
        else:
            out[name] = tensor
    return out


def pack(tensors, group=4):
    """Matrices as 4 bits and one f32 scale for each group of columns, the compressed-tensors way."""
    out = {}
    for name, tensor in tensors.items():
        if tensor.dim() == 2 and "pooler" not in name and "classifier" not in name:
            rows, columns = tensor.shape
            groups = tensor.reshape(rows, columns // group, group)
            scale = groups.abs().amax(dim=2, keepdim=True).clamp(min=1e-8) / 7.5
            numbers = torch.round(groups / scale).clamp(-8, 7).reshape(rows, columns).long() + 8
            numbers = torch.nn.functional.pad(numbers, (0, -columns % 8), value=8).reshape(rows, -1, 8)
            words = sum(numbers[:, :, i] << (4 * i) for i in range(8))
            out[name + "_packed"] = torch.where(words < 1 << 31, words, words - (1 << 32)).to(torch.int32)
            out[name + "_scale"] = scale.squeeze(2).contiguous()
            out[name + "_shape"] = torch.tensor([rows, columns])
        else:
            out[name] = tensor
    return out


def make(
    name,
    seed,
    shape,
    model_type="bert",
    profile=None,
    hidden_act="gelu",
    labels=("NEGATIVE", "POSITIVE"),
    type_vocab_size=2,
    dtype=torch.float32,
    prefix=True,
    old_names=False,
    tokenizer_json=True,
    cased=False,
    problem_type=None,
    layer_norm_eps=1e-12,
    int8=False,
    int4=False,
    scorer=False,
    sinusoidal=False,
    embedding_size=None,
    pad_token_id=None,
):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokenizer = small_tokenizers.make(model_type)
    vocabulary = tokenizer.get_vocab() if tokenizer else texts.made_vocabulary(cased)
    layers, hidden, heads, intermediate, positions = shape
    if model_type == "distilbert":
        config = DistilBertConfig(
            vocab_size=len(vocabulary),
            dim=hidden,
            n_layers=layers,
            n_heads=heads,
            hidden_dim=intermediate,
            max_position_embeddings=positions,
            activation=hidden_act,
            problem_type=problem_type,
            sinusoidal_pos_embds=sinusoidal,
        )
    else:
        kind, more = {
            "bert": (BertConfig, {"type_vocab_size": type_vocab_size}),
            "roberta": (RobertaConfig, {"type_vocab_size": type_vocab_size}),
            "xlm-roberta": (XLMRobertaConfig, {"type_vocab_size": type_vocab_size}),
            "camembert": (CamembertConfig, {"type_vocab_size": type_vocab_size}),
            "electra": (ElectraConfig, {"type_vocab_size": type_vocab_size, "embedding_size": embedding_size}),
            "albert": (AlbertConfig, {"type_vocab_size": type_vocab_size, "embedding_size": embedding_size}),
            "mpnet": (MPNetConfig, {}),
        }[model_type]
        before = 0 if model_type in ("bert", "electra", "albert") else 2 if pad_token_id is None else pad_token_id + 1
        config = kind(
            vocab_size=len(vocabulary),
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=intermediate,
            max_position_embeddings=positions + before,
            **more,
            **({} if pad_token_id is None else {"pad_token_id": pad_token_id}),
            hidden_act=hidden_act,
            problem_type=problem_type,
            layer_norm_eps=layer_norm_eps,
        )
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
    model = AutoModelForSequenceClassification.from_config(config)
    randomise(model, seed)
    if sinusoidal:
        places = model.distilbert.embeddings.position_embeddings.weight
        create_sinusoidal_embeddings(positions, hidden, places)
    model.to(dtype).save_pretrained(folder)

    tensors = load_file(folder / "model.safetensors")
    if scorer:
        generator = torch.Generator().manual_seed(seed + 1)
        for layer in range(layers - 1):
            noise = torch.randn(hidden, generator=generator) * math.sqrt(2 / hidden)
            layers_are = "distilbert.transformer.layer" if model_type == "distilbert" else f"{model_type}.encoder.layer"
            tensors[f"{layers_are}.{layer}.attention.scorer.weight"] = noise
    if int8:
        tensors = quantise(tensors)
    if int4:
        tensors = pack(tensors)
    if not prefix:
        tensors = {key.removeprefix("bert."): tensor for key, tensor in tensors.items()}
    if old_names:
        tensors = {
            key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
            for key, tensor in tensors.items()
        }
        tensors["bert.embeddings.position_ids"] = torch.arange(positions)[None]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    if profile:
        (folder / "profile.json").write_text(json.dumps(profile, indent=2) + "\n")
    if tokenizer:
        tokenizer.model_max_length = positions
        tokenizer.save_pretrained(folder)
        return
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in vocabulary), encoding="utf-8")
    settings = {
        "do_lower_case": not cased,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "tokenizer_class": {"distilbert": "DistilBertTokenizer", "electra": "ElectraTokenizer"}.get(
            model_type, "BertTokenizer"
        ),
        "model_max_length": positions,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    if tokenizer_json:
        BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=not cased).save(str(folder / "tokenizer.json"))
        (folder / "vocab.txt").unlink()


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or MODELS:
        settings = MODELS[name]
        make(name, zlib.crc32(name.encode()), **settings)
        print(name, sum(file.stat().st_size for file in (FOLDER / name).iterdir()) // 1024, "KiB")


if __name__ == "__main__":
    main()
