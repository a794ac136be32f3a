"""The reference solutions against independent derivations: symbols, long numbers, chance."""
