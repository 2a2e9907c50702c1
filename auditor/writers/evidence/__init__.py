"""The index of an evidence pack, written for people."""
