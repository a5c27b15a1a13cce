"""One published network on shapes per file, at its published sizes."""
