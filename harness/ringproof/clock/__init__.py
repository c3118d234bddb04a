"""The PBX's clock: the page through which it is driven, and the interface through which every wait goes."""
