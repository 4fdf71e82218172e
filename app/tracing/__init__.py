"""What became of money: each contribution followed to goods, and a fund told of in public."""
