"""What every other room stands on: table contracts, problems and their sentences, atomic files."""
