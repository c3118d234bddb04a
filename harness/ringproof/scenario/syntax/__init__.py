"""YAML as it was written: text, a tree of parts with their places, and the grammar that all words share."""
