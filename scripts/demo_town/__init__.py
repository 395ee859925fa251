"""The demo's town, drawn by hand and by a fixed seed: nothing in it is a real place."""
