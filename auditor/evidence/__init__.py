"""Evidence packs: stored reports of a period in one archive, which somebody else can check without trusting us."""
