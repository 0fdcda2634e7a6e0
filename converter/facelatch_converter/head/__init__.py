"""The last layers of a trained encoder, fitted to thousands of people at once."""
