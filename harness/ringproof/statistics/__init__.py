"""How often chance chooses what: exact bounds for a story that is played many times."""
