"""Scenarios and offices as frozen models, and the reader that makes these models from YAML."""
