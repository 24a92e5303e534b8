"""The cutoff that moves everything: the track with its handle, the board that follows, and the tables that the browser selects from."""
