"""Categories (大类/小类) of 部件 and 事件 and the plain choices that reporters see: all data."""
