"""What goes wrong, in the order of a sample's life; each module plants the troubles of one stage."""
