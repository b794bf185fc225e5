"""Pages that people read in a browser or print: one self-contained HTML of a day."""
