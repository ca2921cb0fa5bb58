"""Repairs the folder of a warehouse: restores a lost catalog, relocates a copied or moved folder."""
