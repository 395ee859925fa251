"""From figures to places: where the gaps are, why, and where the next facility helps most."""
