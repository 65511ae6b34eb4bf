"""The clients that the contracts are made for: generated packages, and the Bruno collection."""
