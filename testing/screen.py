"""What a user sees on a terminal that a program wrote to."""

import re


def seen(written: bytes, columns: int) -> list[str]:
    """Return the lines on the screen after `written`, as far as camd uses a terminal."""
    rows, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]", written.decode()):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif piece.endswith("A") and piece[0] == "\x1b":
            row = max(0, row - int(piece[2:-1] or 1))
        elif piece == "\x1b[2K":
            rows[row] = ""
        elif piece[0] != "\x1b":
            if column == columns:
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            rows[row] = rows[row].ljust(column)[:column] + piece + rows[row][column + 1 :]
            column += 1
    return [line.rstrip() for line in rows]
