"""Sinks: what a run tells people (text, table) and programs (JSON). They read results and observations, never a PBX."""
