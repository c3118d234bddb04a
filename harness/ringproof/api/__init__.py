"""Play stories written in Python: what `import ringproof` offers. `ringproof/__init__.py` lists the public names."""
