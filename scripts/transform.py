"""Print what CloudFormation makes of ``template.yaml``: the template without SAM, as JSON.

Runs where the SAM CLI is installed (``make check`` does that), without AWS: the transformation is the library
that AWS itself runs, and this template needs none of the managed policies that it would have to look up.
"""

import argparse
import json
import sys
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mammo-core:latest"


def main() -> int:
    """Transform the template with its default parameters and those of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parameters", nargs="*", metavar="Name=value")
    arguments = parser.parse_args()
    template = yaml_parse(TEMPLATE.read_text())
    # What `sam build` fills in.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = IMAGE
    given = dict(text.split("=", 1) for text in arguments.parameters)
    for name, value in given.items():
        template["Parameters"][name]["Default"] = value
    values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    transformed = Translator({}, Parser()).translate(template, {**values, "AWS::Region": "eu-central-1"})
    json.dump(transformed, sys.stdout, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
