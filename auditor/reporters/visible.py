"""Text from the account made safe to show: what would steer a terminal or deceive a reader's eye is spelt out."""


def visible(text: str) -> str:
    r"""Give the text with control, bidirectional, invisible and surrogate characters spelt out, as in \u202e."""
    return text if text.isprintable() else "".join(map(spelt, text))


def spelt(character: str) -> str:
    """Give a character as it is if it can be seen, else its escape."""
    if character.isprintable():
        return character
    code = f"{ord(character):x}"
    if len(code) <= len("ff"):
        return f"\\x{code.zfill(2)}"
    return f"\\u{code.zfill(4)}" if len(code) <= len("ffff") else f"\\u{{{code}}}"
