"""Grid groups (一格一群): which groups belong to which grids, and their WeCom robots."""
