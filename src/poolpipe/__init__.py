"""poolpipe: ten-in-one pooled screening of a whole city, from barcode scans to the recall list."""
