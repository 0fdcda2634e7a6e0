"""`facelatch demo`: recordings played through the whole way, with a table and a picture of it."""
