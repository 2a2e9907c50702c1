"""Evidence packs: stored reports of a period in one archive, which somebody else can check without trusting us."""

SIGNATURE_SUFFIX = ".dsse.json"
"""What follows the name of a file in that of its signature."""
