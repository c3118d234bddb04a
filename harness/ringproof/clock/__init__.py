"""The PBX's clock: the page through which it is driven, and the one interface through which anything waits."""
