"""The commands, one file each; heavy libraries are imported inside the functions."""
