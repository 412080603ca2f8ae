"""Makes the small random decoders of tests/parity/models/, each an ordinary Hugging Face folder of some tens of kilobytes.

    python make_models.py                      # rewrites every folder; the same seeds give the same bytes
    python make_models.py --gpt-nano FILE      # also gpt-nano-sort, from the JSON that its authors publish

Between them they hold what the engine reads: GPT-2 and Llama, tied and untied heads, every activation, attention scaled
in every way, grouped queries, heads of any size, biases, each kind of rotary positions, f32, f16, bf16, int8 and 4
bits, old and new names, masks among the tensors.
"""

import argparse
import base64
import json
import math
import pathlib
import shutil
import sys
import zlib

import numpy
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
FOLDER = pathlib.Path(__file__).parent.parent / "models"

TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.
The old man had put the letter under the blue lamp. Nobody looked there until winter came, and then it was too late."""

GPT2 = {
    # The ordinary case, as the oldest folders have it: names with "transformer.", masks among the tensors.
    "gpt2-tied-f32": dict(shape=(3, 24, 3, 160), prefix=True, masks=True, words=True),
    # An own head; attention scaled by the layer's number; an odd feed-forward; the exact GELU.
    "gpt2-untied-f16": dict(
        shape=(4, 24, 3, 96),
        dtype=torch.float16,
        tie_word_embeddings=False,
        scale_attn_by_inverse_layer_idx=True,
        n_inner=50,
        activation_function="gelu",
    ),
    # Attention that is not scaled at all; one head; ReLU; another epsilon.
    "gpt2-relu-bf16": dict(
        shape=(2, 20, 1, 64),
        dtype=torch.bfloat16,
        scale_attn_weights=False,
        n_inner=36,
        activation_function="relu",
        layer_norm_epsilon=0.01,
    ),
    # A model that was taught what to keep: a scorer in each layer but the last.
    "gpt2-scorer": dict(shape=(4, 16, 2, 96), scorer=True),
    # Texts of three labels; the end of a text is what pads, as it mostly is.
    "gpt2-classifier": dict(shape=(3, 24, 2, 64), words=True, labels=["bad", "so-so", "good"]),
    "gpt2-tanh": dict(shape=(1, 12, 2, 48), activation_function="tanh"),
    # Integers stand as (out, in), whatever the floats' layout was.
    "gpt2-int8": dict(shape=(3, 24, 2, 96), int8=True),
    "gpt2-int4": dict(shape=(2, 16, 2, 64), int4=True, tie_word_embeddings=False),
}

LLAMA = {
    # As Llama 3 has it: three queries to a key, positions scaled by wavelength, one table for both ends.
    "llama-grouped": dict(
        shape=(4, 24, 6, 2, 40, 256),
        tie_word_embeddings=True,
        rope={
            "rope_type": "llama3",
            "rope_theta": 10000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    ),
    # Heads that do not add up to the hidden size; biases everywhere; positions four times as close.
    "llama-biased-bf16": dict(
        shape=(3, 32, 4, 4, 45, 128),
        dtype=torch.bfloat16,
        head_dim=10,
        attention_bias=True,
        mlp_bias=True,
        rope={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
    ),
    # An older config.json: rope_theta by itself. One key for all queries.
    "llama-old-f16": dict(shape=(2, 32, 4, 1, 48, 96), dtype=torch.float16, old_config=True, rope_theta=500000.0),
    "llama-scorer": dict(shape=(3, 24, 4, 2, 40, 128), scorer=True, tie_word_embeddings=True),
    "llama-int8": dict(shape=(3, 24, 4, 2, 40, 128), int8=True, tie_word_embeddings=True),
    "llama-int4": dict(shape=(2, 32, 2, 2, 40, 64), int4=True),
}
VOCABULARY = 60


def randomise(model, seed):
    """Weights large enough that attention has favourites and tokens differ, and every bias and gain is in use."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        fan_in = parameter.shape[0] if "c_" in name else parameter.shape[-1]  # Conv1D is (in, out)
        if "wpe" in name:
            parameter.data = 0.5 * noise
        elif "wte" in name or "embed_tokens" in name:
            parameter.data = noise
        elif "norm" in name or "ln_" in name:
            parameter.data = 0.2 * noise if name.endswith("bias") else 1 + 0.2 * noise
        elif name.endswith("bias"):
            parameter.data = 0.2 * noise
        else:
            parameter.data = noise * math.sqrt(1.4 / fan_in)


def is_matrix(name, tensor):
    return tensor.dim() == 2


def as_out_in(name, tensor):
    """Integers are stored as (out, in), with a scale for each output; GPT-2's Conv1D is (in, out)."""
    return tensor.t().contiguous() if ".c_" in name else tensor


def quantise(tensors):
    out = {}
    for name, tensor in tensors.items():
        if tensor.dim() != 2:
            out[name] = tensor
            continue
        tensor = as_out_in(name, tensor)
        scale = tensor.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
        out[name] = torch.round(tensor / scale).clamp(-127, 127).to(torch.int8)
        out[name + "_scale"] = scale
    return out


def pack(tensors, group=4):
    out = {}
    for name, tensor in tensors.items():
        if tensor.dim() != 2:
            out[name] = tensor
            continue
        tensor = as_out_in(name, tensor)
        rows, columns = tensor.shape
        groups = tensor.reshape(rows, columns // group, group)
        scale = groups.abs().amax(dim=2, keepdim=True).clamp(min=1e-8) / 7.5
        numbers = torch.round(groups / scale).clamp(-8, 7).reshape(rows, columns).long() + 8
        numbers = torch.nn.functional.pad(numbers, (0, -columns % 8), value=8).reshape(rows, -1, 8)
        words = sum(numbers[:, :, i] << (4 * i) for i in range(8))
        out[name + "_packed"] = torch.where(words < 1 << 31, words, words - (1 << 32)).to(torch.int32)
        out[name + "_scale"] = scale.squeeze(2).contiguous()
        out[name + "_shape"] = torch.tensor([rows, columns])
    return out


def words():
    """A byte-level tokenizer as GPT-2's, with some merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return tokenizer


def save(name, model, dtype=torch.float32, prefix=False, masks=False, int8=False, int4=False, tokenizer=None, scorer=False):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.to(dtype).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("lm_head.weight", None) if model.config.tie_word_embeddings else None
    if scorer:
        generator = torch.Generator().manual_seed(len(name))
        place = "transformer.h.{}.attn" if "gpt2" in name else "model.layers.{}.self_attn"
        for layer in range(model.config.num_hidden_layers - 1):
            noise = torch.randn(model.config.hidden_size, generator=generator) * math.sqrt(2 / model.config.hidden_size)
            tensors[place.format(layer) + ".scorer.weight"] = noise
    if int8:
        tensors = quantise(tensors)
    if int4:
        tensors = pack(tensors)
    if not prefix and "gpt2" in name:
        tensors = {key.removeprefix("transformer."): tensor for key, tensor in tensors.items()}
    if masks:
        n = model.config.n_positions
        for layer in range(model.config.n_layer):
            mask = torch.tril(torch.ones(8, 8, dtype=torch.uint8)).reshape(1, 1, 8, 8)  # of another size: nobody reads it
            tensors[f"transformer.h.{layer}.attn.bias"] = mask
            tensors[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if tokenizer:
        tokenizer.save(str(folder / "tokenizer.json"))
        settings = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": model.config.n_positions}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    print(name, sum(file.stat().st_size for file in folder.iterdir()) // 1024, "KiB")


def make_gpt2(name, shape, dtype=torch.float32, prefix=False, masks=False, int8=False, int4=False, words=False, scorer=False, labels=None, **fields):
    layers, d, heads, positions = shape
    tokenizer = globals()["words"]() if words else None
    vocabulary = tokenizer.get_vocab_size() if words else VOCABULARY
    end = vocabulary - 1
    config = GPT2Config(
        vocab_size=vocabulary, n_positions=positions, n_embd=d, n_layer=layers, n_head=heads,
        bos_token_id=end, eos_token_id=end, **fields,
    )  # fmt: skip
    if labels:
        config.pad_token_id = end
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    model = (GPT2ForSequenceClassification if labels else GPT2LMHeadModel)(config)
    randomise(model, zlib.crc32(name.encode()))
    model.tie_weights()
    save(name, model, dtype, prefix, masks, int8, int4, tokenizer, scorer)


def make_llama(name, shape, dtype=torch.float32, int8=False, int4=False, rope=None, old_config=False, rope_theta=10000.0, scorer=False, **fields):
    layers, d, heads, kv_heads, d_ff, positions = shape
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=d, intermediate_size=d_ff, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=kv_heads, max_position_embeddings=positions,
        rope_parameters=rope or {"rope_type": "default", "rope_theta": rope_theta},
        bos_token_id=1, eos_token_id=2, **fields,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    randomise(model, zlib.crc32(name.encode()))
    model.tie_weights()
    save(name, model, dtype, False, False, int8, int4, scorer=scorer)
    if old_config:
        file = FOLDER / name / "config.json"
        settings = json.loads(file.read_text())
        settings.pop("rope_parameters", None)
        settings.pop("head_dim", None)
        settings.update(rope_theta=rope_theta, rope_scaling=None)
        file.write_text(json.dumps(settings, indent=2) + "\n")


def make_gpt_nano(path):
    """gpt-nano-sort: a GPT of three layers that was trained to sort, published as JSON with torch.nn.Linear's layout."""
    published = json.loads(pathlib.Path(path).read_text())
    settings = published.pop("config")
    config = GPT2Config(
        vocab_size=settings["vocab_size"], n_positions=settings["block_size"], n_embd=settings["n_embd"],
        n_layer=settings["n_layer"], n_head=settings["n_head"], tie_word_embeddings=False,
        activation_function="gelu_new", bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    tensors = {}
    for name, tensor in published.items():
        if name.endswith(".attn.bias"):
            continue
        data = numpy.frombuffer(base64.b64decode(tensor["data"]), dtype="<f4").reshape(tensor["shape"]).copy()
        is_conv = ".c_" in name and name.endswith("weight")
        tensors[name] = torch.from_numpy(data.T.copy() if is_conv else data)
    model = GPT2LMHeadModel(config)
    model.load_state_dict(tensors, strict=True)
    save("gpt-nano-sort", model, prefix=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpt-nano")
    parser.add_argument("--only", help="the folder of this name alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, settings in GPT2.items():
        if arguments.only in (None, name):
            make_gpt2(name, **settings)
    for name, settings in LLAMA.items():
        if arguments.only in (None, name):
            make_llama(name, **settings)
    if arguments.gpt_nano:
        make_gpt_nano(arguments.gpt_nano)


if __name__ == "__main__":
    main()
