"""The face: a Textual app that draws what the engine says and sends what the operator decided."""
