"""The words of Ringproof as frozen models, and the reader that makes them from YAML."""
