"""From metres to figures: coverage and what follows from it.  No file is opened here."""
