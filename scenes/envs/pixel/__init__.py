"""Games on ten by ten pixels: every game is written once, over lanes, and has two doors."""
