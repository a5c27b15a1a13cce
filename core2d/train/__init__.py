"""The one training engine; so far its record of results."""
