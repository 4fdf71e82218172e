"""Corrections by hand (人工加分, 冲正, 退货): one person proposes, another approves."""
