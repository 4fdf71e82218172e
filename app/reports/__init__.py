"""Reports (网格事件随手拍): what one person saw, with photos and a place."""
