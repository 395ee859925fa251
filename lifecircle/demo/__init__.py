"""The embedded synthetic town 临江区（虚构）, as data; made by scripts/make_demo.py."""
