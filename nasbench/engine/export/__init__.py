"""Exporting a network: the command, its formats, and ONNX."""
