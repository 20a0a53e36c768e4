"""The main job on this machine: an API Gateway event through the Lambda handler, pictures into a folder.

Needs no AWS account and no network: the model and the sample mammogram are part of the package.
"""

import argparse
import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVENT = ROOT / "events" / "apigw_rest_v1_multipart.json"


def main() -> int:
    """Run the demonstration; the exit status is 1 if the answer or one of its pictures is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--event", type=Path, default=EVENT)
    arguments = parser.parse_args()

    sys.path.insert(0, str(ROOT))
    from handler import handler

    answer = handler(json.loads(arguments.event.read_text()), None)
    body = json.loads(answer["body"])
    if answer["statusCode"] != 200:
        sys.stderr.write(f"{answer['statusCode']} {body['code']}: {body['detail']}\n")
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, encoded in body["images"].items():
        if encoded is not None:
            (arguments.out / f"{name}.png").write_bytes(b64decode(encoded))
    rest = {key: value for key, value in body.items() if key != "images"}
    (arguments.out / "answer.json").write_text(json.dumps(rest, indent=2) + "\n")
    print(summary(body, arguments.event, arguments.out))
    return 0 if all(body["images"].values()) else 1


def summary(body: dict[str, Any], event: Path, out: Path) -> str:
    """Say in a screenful what came back."""
    findings, explanation = body["findings"], body["explanation"]
    lines = [
        f"{event.name} → handler.handler → 200",
        f"model       {body['model']['id']} {body['model']['version']} ({body['model']['backend']})",
        f"result      {body['result']}",
        f"confidence  {body['confidence']:.3f} (threshold {body['threshold']:.3f})",
        f"suspicion   {findings['assessment']['suspicion']['value']}",
        f"map         {explanation['status']} ({explanation['method']}, layer {explanation['target_layer']})",
        f"regions     {findings['num_regions']}",
    ]
    for region in findings["regions"] or []:
        box, share = region["bbox"], region["share_of_evidence"]
        place = f"x {box['x1']}–{box['x2']}, y {box['y1']}–{box['y2']}"
        lines.append(f"            {region['id']}: {place}, {share:.0%} of the evidence")
    lines.append("pictures")
    for name, status in body["image_status"].items():
        made = (
            f"{status['width']}×{status['height']}, {status['bytes'] / 1000:.0f} kB"
            if status["bytes"]
            else ""
        )
        lines.append(f"            {out / name}.png  {status['status']}  {made}{status['reason'] or ''}")
    timings = ", ".join(f"{stage} {ms:.0f}" for stage, ms in body["timings_ms"].items())
    lines += [f"timings     {timings} ms", f"note        {body['disclaimer']}"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
