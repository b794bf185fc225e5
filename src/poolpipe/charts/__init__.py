"""Charts of a day: each word is a frame that can be read, and an Altair chart of it."""
