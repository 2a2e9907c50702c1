"""The demo: a made-up account in an AWS emulator."""
