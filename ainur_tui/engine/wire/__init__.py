"""The socket: who may connect, what may be called, what clients are told."""
