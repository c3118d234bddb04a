"""YAML as it was written: text, a tree of parts that know their places, and the grammar that all words share."""
