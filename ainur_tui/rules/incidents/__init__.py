"""What the entries of an incident say, and what is written from them."""
