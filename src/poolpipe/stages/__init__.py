"""The stages, one module each: a stage takes frames and gives frames; stages never import each other (`pipeline` does)."""
