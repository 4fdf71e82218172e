"""The mini program (小程序): what WeChat pushes to us and draws for us, and the token for it."""
