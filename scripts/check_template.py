"""Every linter of ``template.yaml``, each in its own environment; the exit status is 1 if one objects.

The SAM CLI and cfn-lint no longer expand SAM, so cfn-lint also reads what CloudFormation makes of the
template, for each way of authorisation. checkov ends with 0 on a file that it cannot parse, so its report is
read rather than its status, and what it finds has to be explained here: no more and no less.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"
REGION = "eu-central-1"
VARIANTS = {
    "default": (),
    "api_key": (
        "Authorization=API_KEY",
        "ModelKey=model.json",
        "Uploads=on",
        "SourceBucket=archive",
        "Publishing=on",
    ),
    "cognito": (
        "Authorization=COGNITO",
        f"UserPoolArn=arn:aws:cognito-idp:{REGION}:123456789012:userpool/{REGION}_Example",
        "ModelUri=s3://models/m.keras",
        f"KmsKeyArn=arn:aws:kms:{REGION}:123456789012:key/00000000-0000-0000-0000-000000000000",
    ),
}
EXPLAINED = {
    (
        "CKV_AWS_18",
        "ModelBucket",
    ): "Who read a model is no secret worth a second bucket; CloudTrail can tell.",
    (
        "CKV_AWS_76",
        "ApiStage",
    ): "Access logs need a role for the whole account, which one stack should not set.",
    (
        "CKV_AWS_116",
        "Function",
    ): "The gateway calls it synchronously: the caller gets the error, no queue would.",
    ("CKV_AWS_117", "Function"): "It talks to S3 only, by TLS; a VPC would add cost and reach nothing more.",
    (
        "CKV_AWS_120",
        "ApiStage",
    ): "Every answer is for another image, and medical pictures are not to be cached.",
    ("CKV_AWS_158", "LogGroup"): "CloudWatch encrypts it with its own key, and no line holds patient data.",
    ("CKV_AWS_173", "Function"): "The variables hold no secret; AWS encrypts them with its own key.",
    (
        "CKV_AWS_18",
        "UploadBucket",
    ): "As for models: CloudTrail can tell; and the log would list keys of uploads.",
    (
        "CKV_AWS_18",
        "ResultBucket",
    ): "As for models: CloudTrail can tell; and the log would list keys of results.",
    (
        "CKV_AWS_115",
        "Worker",
    ): "Its event source bounds it (WorkerConcurrency), and can wait while it is busy.",
    ("CKV_AWS_115", "Publisher"): "Models come seldom, and a new account can reserve nothing.",
    ("CKV_AWS_116", "Worker"): "The queue it takes from has one.",
    (
        "CKV_AWS_116",
        "Publisher",
    ): "An alarm tells, and the model is where it was: copying it again repeats all.",
    **{
        (check, name): why
        for name in ("Worker", "Publisher")
        for check, why in (
            ("CKV_AWS_117", "It talks to S3 only, by TLS, as the function does."),
            ("CKV_AWS_173", "The variables hold no secret; AWS encrypts them with its own key."),
        )
    },
    ("CKV_AWS_158", "WorkerLogGroup"): "As for the function: no line holds patient data.",
    ("CKV_AWS_158", "PublisherLogGroup"): "As for the function: no line holds patient data.",
}
"""What checkov finds and we leave: the check, the resource, and why."""


def run(*command: str | Path, status: tuple[int, ...] = (0,)) -> str:
    """Run a tool of ours and return what it prints."""
    quiet = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}
    done = subprocess.run(  # noqa: S603 - our own tools
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **quiet},
    )
    if done.returncode not in status:
        sys.exit(f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def found_by_checkov(report: dict[str, Any], files: int) -> set[tuple[str, str]]:
    """Read the failed checks, after making sure that something was read at all.

    Parameters
    ----------
    report : dict
        What ``checkov --output json`` prints for one framework.
    files : int
        How many were handed over.

    Returns
    -------
    set of (check, resource)
    """
    summary = report["summary"]
    failed, passed = (report["results"][f"{result}_checks"] for result in ("failed", "passed"))
    read = {check["file_path"] for check in passed}
    if summary["parsing_errors"] or len(read) != files:
        sys.exit(f"checkov could not read each of the {files} templates: {summary}, {read}")
    return {(check["check_id"], check["resource"].rpartition(".")[2]) for check in failed}


def main() -> int:
    """Run all linters and say in a line each what they found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--tools", type=Path, default=ROOT / ".venv", help="folder of the environments")
    tools = parser.parse_args().tools
    run(tools / "sam/bin/sam", "validate", "--lint", "--template", TEMPLATE, "--region", REGION)
    print("sam validate --lint: valid")
    run(tools / "bin/cfn-lint", TEMPLATE)
    print("cfn-lint, source: clean")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, parameters in VARIANTS.items():
            path = Path(folder) / f"{name}.json"
            path.write_text(run(tools / "sam/bin/python", ROOT / "scripts" / "transform.py", *parameters))
            run(tools / "bin/cfn-lint", path)
            print(f"cfn-lint, transformed ({name}): clean")
            paths.append(path)
        checkov = (tools / "checkov/bin/checkov", "--framework", "cloudformation", "--file", *paths)
        report = run(*checkov, "--output", "json", "--skip-download", status=(0, 1))
        found = found_by_checkov(json.loads(report), len(paths))
    for check, resource in sorted(found ^ set(EXPLAINED)):
        known = (check, resource) in EXPLAINED
        print(f"checkov: {check} of {resource} is {'explained, but not found' if known else 'not explained'}")
    if found != set(EXPLAINED):
        return 1
    print(f"checkov: no parsing errors, {len(found)} findings, each explained in {Path(__file__).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
