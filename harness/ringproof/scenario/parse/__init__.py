"""From parts of a YAML tree to the model: one module for each part of a file."""
