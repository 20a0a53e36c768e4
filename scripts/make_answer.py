"""Write the answer that the API's description shows: the sample's, by the embedded model, its pictures cut.

python scripts/make_answer.py
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from mammo_core.options import AnalysisOptions
from mammo_core.service import build_service
from mammo_core.settings import Settings

PLACE = Path(__file__).resolve().parents[1] / "mammo_core" / "assets" / "answer.json"
KEPT = 32
"""Characters of a picture's base64."""


def answer() -> dict[str, Any]:
    """Analyse the sample as ``POST /analyze`` does."""
    sample = (resources.files("mammo_core.assets") / "sample.png").read_bytes()
    served = build_service(Settings()).analyze(sample, AnalysisOptions())
    made: dict[str, Any] = served.answer.model_dump(mode="json")
    made["images"] = {name: f"{data[:KEPT]}…" for name, data in made["images"].items()}
    return made


def main() -> None:
    """Write the file."""
    text = json.dumps(answer(), indent=1, ensure_ascii=False)
    PLACE.write_text(f"{text}\n", encoding="utf-8")
    print(f"{PLACE.name}: {len(text):,} characters")


if __name__ == "__main__":
    main()
