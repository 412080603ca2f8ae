"""A folder of GPT-2 or Llama -> what its peers read, as their own exporters name it:

    python export.py FOLDER OUT

    OUT/onnx/model.onnx, model_quantized.onnx    with past_key_values and present, as onnxruntime and transformers.js have
                                                 decoders; f32, and int8 weights by onnxruntime's quantize_dynamic
    OUT/model-f32.gguf, -q8_0.gguf, -q4_0.gguf   for wllama (llama.cpp)
    OUT/*.json                                   configuration and tokenizer, for transformers.js

The forward pass is written out here, so that no version of an exporter decides what is measured: what is exported is held
against transformers first.
"""

import argparse
import json
import math
import pathlib
import shutil

import gguf
import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForCausalLM


def attention(q, k, v, positions, mask):
    """q (1, H, n, dh) at `positions` (1, n), of k and v (1, KV, m, dh), of which the last n are the new ones, as far as
    mask (1, m) says that they are there."""
    group = q.shape[1] // k.shape[1]
    if group > 1:
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    seen = torch.arange(k.shape[2])[None, None, None] <= positions[:, None, :, None]
    seen = seen & (mask[:, None, None] > 0)
    scores = (q @ k.transpose(2, 3)) / math.sqrt(q.shape[3])
    return torch.where(seen, scores, torch.tensor(-1e9)).softmax(-1) @ v


class Gpt2(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m, c = model.transformer, model.config
        self.head = torch.nn.Parameter(model.lm_head.weight.detach().t().contiguous())
        self.layers, self.heads, self.kv_heads, self.dh = c.n_layer, c.n_head, c.n_head, c.n_embd // c.n_head

    def forward(self, input_ids, attention_mask, position_ids, *past):
        x = self.m.wte(input_ids) + self.m.wpe(position_ids)
        present = []
        for i, layer in enumerate(self.m.h):
            a = layer.attn
            h = layer.ln_1(x) @ a.c_attn.weight + a.c_attn.bias
            q, k, v = (part.unflatten(2, (self.heads, self.dh)).transpose(1, 2) for part in h.chunk(3, 2))
            k, v = torch.cat([past[2 * i], k], 2), torch.cat([past[2 * i + 1], v], 2)
            present += [k, v]
            context = attention(q, k, v, position_ids, attention_mask).transpose(1, 2).flatten(2)
            x = x + context @ a.c_proj.weight + a.c_proj.bias
            h = layer.ln_2(x) @ layer.mlp.c_fc.weight + layer.mlp.c_fc.bias
            h = torch.nn.functional.gelu(h, approximate="tanh")
            x = x + h @ layer.mlp.c_proj.weight + layer.mlp.c_proj.bias
        return self.m.ln_f(x) @ self.head, *present


class Llama(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m, c = model.model, model.config
        self.head = torch.nn.Parameter(model.lm_head.weight.detach().t().contiguous())
        self.layers, self.heads, self.kv_heads = c.num_hidden_layers, c.num_attention_heads, c.num_key_value_heads
        self.dh = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        theta = (c.rope_parameters or {}).get("rope_theta", 10000.0)
        self.register_buffer("frequencies", theta ** (-torch.arange(0, self.dh, 2).float() / self.dh))

    def rotate(self, x, angles):
        a, b = x.chunk(2, 3)
        return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], 3)

    def forward(self, input_ids, attention_mask, position_ids, *past):
        x = self.m.embed_tokens(input_ids)
        angles = (position_ids[:, :, None].float() * self.frequencies)[:, None]
        present = []
        for i, layer in enumerate(self.m.layers):
            a, mlp = layer.self_attn, layer.mlp
            h = layer.input_layernorm(x)
            q, k, v = (
                part.unflatten(2, (-1, self.dh)).transpose(1, 2) for part in (a.q_proj(h), a.k_proj(h), a.v_proj(h))
            )
            q, k = self.rotate(q, angles), self.rotate(k, angles)
            k, v = torch.cat([past[2 * i], k], 2), torch.cat([past[2 * i + 1], v], 2)
            present += [k, v]
            x = x + a.o_proj(attention(q, k, v, position_ids, attention_mask).transpose(1, 2).flatten(2))
            h = layer.post_attention_layernorm(x)
            x = x + mlp.down_proj(torch.nn.functional.silu(mlp.gate_proj(h)) * mlp.up_proj(h))
        return self.m.norm(x) @ self.head, *present


def inputs_of(module, tokens, past):
    ids = torch.arange(tokens)[None] % 200 + 5
    caches = [torch.zeros(1, module.kv_heads, past, module.dh) for _ in range(2 * module.layers)]
    mask = torch.ones(1, past + tokens, dtype=torch.long)
    return (ids, mask, torch.arange(past, past + tokens)[None], *caches)


def export_onnx(module, model, out):
    full = inputs_of(module, 24, 0)
    with torch.no_grad():
        expected = model(full[0]).logits
        logits, *present = module(*full)
        assert (logits - expected).abs().max() < 1e-3 * expected.abs().max(), "not what transformers computes"
        first = module(*inputs_of(module, 20, 0))[1:]
        step = module(full[0][:, 20:], full[1], full[2][:, 20:], *first)[0]
        assert (step - expected[:, 20:]).abs().max() < 1e-3 * expected.abs().max(), "not the same in steps"
    names = [f"{i}.{part}" for i in range(module.layers) for part in ("key", "value")]
    inputs = ["input_ids", "attention_mask", "position_ids", *(f"past_key_values.{name}" for name in names)]
    outputs = ["logits", *(f"present.{name}" for name in names)]
    axes = {"input_ids": {0: "batch", 1: "tokens"}, "attention_mask": {0: "batch", 1: "all"}}
    axes |= {"position_ids": {0: "batch", 1: "tokens"}, "logits": {0: "batch", 1: "tokens"}}
    axes |= {name: {0: "batch", 2: "past"} for name in inputs[3:]} | {name: {0: "batch", 2: "all"} for name in outputs[1:]}
    (out / "onnx").mkdir()
    path = out / "onnx" / "model.onnx"
    torch.onnx.export(
        module, inputs_of(module, 8, 4), str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(path, out / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8)


def vocabulary_of(folder, size):
    """Tokens and merges for GGUF; what the tokenizer lacks of the vocabulary is unused."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokens = [f"[unused{i}]" for i in range(size)]
    kinds = [gguf.TokenType.UNUSED] * size
    for token, i in tokenizer["model"]["vocab"].items():
        tokens[i], kinds[i] = token, gguf.TokenType.NORMAL
    for added in tokenizer.get("added_tokens", []):
        tokens[added["id"]], kinds[added["id"]] = added["content"], gguf.TokenType.CONTROL
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    return tokens, kinds, merges


GPT2_NAMES = {
    "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "ln_1": "attn_norm", "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
}  # fmt: skip
LLAMA_NAMES = {
    "embed_tokens": "token_embd", "norm": "output_norm", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def interleaved(weight, heads):
    """Llama's rotary pairs as llama.cpp has them: neighbours, not halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def gguf_tensors(model):
    is_gpt2, config = model.config.model_type == "gpt2", model.config
    names = GPT2_NAMES if is_gpt2 else LLAMA_NAMES
    for name, tensor in model.state_dict().items():
        if name.startswith("lm_head."):
            continue  # tied
        module, kind = name.removeprefix("transformer.").removeprefix("model.").rsplit(".", 1)
        place = ""
        if module.startswith(("h.", "layers.")):
            _, layer, module = module.split(".", 2)
            place = f"blk.{layer}."
        data = tensor.float().numpy()
        if is_gpt2 and ".c_" in name and data.ndim == 2:
            data = data.T
        if module.endswith("q_proj"):
            data = interleaved(data, config.num_attention_heads)
        if module.endswith("k_proj"):
            data = interleaved(data, config.num_key_value_heads)
        yield f"{place}{names[module]}.{kind}", np.ascontiguousarray(data)


def export_gguf(model, folder, path, quantization):
    config = model.config
    is_gpt2 = config.model_type == "gpt2"
    writer = gguf.GGUFWriter(path, "gpt2" if is_gpt2 else "llama")
    if is_gpt2:
        sizes = (config.n_positions, config.n_embd, config.n_layer, config.n_inner or 4 * config.n_embd, config.n_head)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        sizes = (
            config.max_position_embeddings, config.hidden_size, config.num_hidden_layers, config.intermediate_size,
            config.num_attention_heads,
        )  # fmt: skip
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        writer.add_rope_dimension_count(head)
        writer.add_rope_freq_base((config.rope_parameters or {}).get("rope_theta", 10000.0))
    for add, value in zip(
        (writer.add_context_length, writer.add_embedding_length, writer.add_block_count, writer.add_feed_forward_length,
         writer.add_head_count), sizes,
    ):  # fmt: skip
        add(value)
    kind = {None: gguf.LlamaFileType.ALL_F32, "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    writer.add_file_type(kind.get(quantization, gguf.LlamaFileType.MOSTLY_Q4_0))
    tokens, kinds, merges = vocabulary_of(folder, config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2" if is_gpt2 else "smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(config.vocab_size - 1)
    writer.add_bos_token_id(config.vocab_size - 1)
    writer.add_add_bos_token(False)
    for name, data in gguf_tensors(model):
        fits = data.ndim == 2 and data.shape[1] % 32 == 0 and not name.startswith("position_embd")
        if quantization and fits:
            kind = getattr(gguf.GGMLQuantizationType, quantization)
            writer.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    folder, out = arguments.folder, arguments.out
    out.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        shutil.copyfile(file, out / file.name)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    assert model.config.tie_word_embeddings, "an own head is not exported"
    for name, quantization in (("f32", None), ("q8_0", "Q8_0"), ("q4_0", "Q4_0")):
        export_gguf(model, folder, out / f"model-{name}.gguf", quantization)
    export_onnx((Gpt2 if model.config.model_type == "gpt2" else Llama)(model).eval(), model, out)


if __name__ == "__main__":
    main()
