"""The points store (积分超市): stations, goods, stock, and redemption by one-time code (核销)."""
