"""Write the example of ``docs/api.md``: the answer that the API's description shows, as it is.

python scripts/make_api_page.py
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE, ANSWER = ROOT / "docs" / "api.md", ROOT / "mammo_core" / "assets" / "answer.json"
BEGIN, END = "<!-- answer: begin -->", "<!-- answer: end -->"


def page(text: str, answer: str) -> str:
    """Put an answer between the marks of a page."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    shown = f"<details><summary>all of it</summary>\n\n```json\n{answer}```\n\n</details>"
    return f"{before}{BEGIN}\n{shown}\n{END}{after}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(PAGE.read_text("utf-8"), ANSWER.read_text("utf-8")), "utf-8")
    print(PAGE.name)


if __name__ == "__main__":
    main()
