"""One published network per file, at its published sizes; smaller sizes are arguments."""
