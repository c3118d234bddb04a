"""Readers that turn parts of a YAML tree into the model: one module for each part of a file."""
