"""The upper half of a trained encoder, fitted to thousands of people at once."""
