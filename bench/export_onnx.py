"""A BertForSequenceClassification folder -> model.onnx (f32) and model_int8.onnx (dynamic int8), for the benchmark's peers.

    python export_onnx.py FOLDER OUT
"""

import pathlib
import sys

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertForSequenceClassification


def main():
    folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
    model = BertForSequenceClassification.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    ids = torch.ones(1, 16, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(out / "model.onnx"),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(out / "model.onnx", out / "model_int8.onnx", weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main()
