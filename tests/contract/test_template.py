"""What no linter says about ``template.yaml``: limits, rights, doors, and that it fits the code."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mammo_core import schemas as wire
from mammo_core import uploads
from mammo_core.api import create_app
from mammo_core.events.layout import folder_of
from mammo_core.models.store import manifest_uri
from mammo_core.service import build_service
from mammo_core.settings import Settings, load_settings
from tests.contract.cloudformation import (
    DEFAULTS,
    PARAMETERS,
    RESOURCES,
    TEMPLATE,
    accepts,
    allowed,
    deployed,
)

ROOT = Path(__file__).resolve().parents[2]
OPEN_ROUTES = {"/", "/viewer/{name}", "/health", "/docs", "/openapi.json"}
POOL = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Example"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0000-1111"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:people"
STACK = deployed()
ON = {"Uploads": "on", "Publishing": "on", "ModelKey": "model.json"}
EVERYTHING = deployed(**ON)
API: dict[str, Any] = STACK["Api"]["Properties"]
FUNCTION: dict[str, Any] = STACK["Function"]["Properties"]
VARIABLES: dict[str, Any] = FUNCTION["Environment"]["Variables"]
INTERFACE: dict[str, Any] = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]


def methods(**parameters: object) -> dict[tuple[str, str], dict[str, Any]]:
    """The gateway's methods, by path and verb."""
    paths = deployed(**parameters)["Api"]["Properties"]["DefinitionBody"]["paths"]
    return {(path, verb.upper()): method for path, item in paths.items() for verb, method in item.items()}


def rights(role: str = "Role", **parameters: object) -> dict[str, list[str]]:
    """What a function may do, and on which resources."""
    given: dict[str, list[str]] = {}
    for policy in deployed(**parameters)[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            actions, resources = (
                part if isinstance(part, list) else [part]
                for part in (statement["Action"], statement["Resource"])
            )
            for action in actions:
                given[action] = [*given.get(action, []), *resources]
    return given


ITS_LOG_AND_TRACES = {
    "logs:CreateLogStream": ["LogGroup.Arn"],
    "logs:PutLogEvents": ["LogGroup.Arn"],
    "xray:PutTelemetryRecords": ["*"],
    "xray:PutTraceSegments": ["*"],
}


def test_a_stack_holds_these_resources_and_no_others() -> None:
    assert {name: resource["Type"] for name, resource in STACK.items()} == {
        "Api": "AWS::Serverless::Api",
        "CallsOfTheApi": "AWS::Lambda::Permission",
        "Crashes": "AWS::CloudWatch::Alarm",
        "Function": "AWS::Serverless::Function",
        "LogGroup": "AWS::Logs::LogGroup",
        "ModelBucket": "AWS::S3::Bucket",
        "ModelBucketPolicy": "AWS::S3::BucketPolicy",
        "Role": "AWS::IAM::Role",
        "ServerErrors": "AWS::CloudWatch::Alarm",
        "Slowness": "AWS::CloudWatch::Alarm",
        "Throttles": "AWS::CloudWatch::Alarm",
    }
    assert set(deployed(Authorization="API_KEY")) - set(STACK) == {"ApiKey", "UsagePlan", "UsagePlanKey"}
    assert set(deployed(WebAclArn="arn")) - set(STACK) == {"FirewallOfTheApi"}
    assert set(deployed(Publishing="on")) - set(STACK) == {
        *("Publisher", "PublisherLogGroup", "PublisherRole", "ModelsAppear", "CallsOfThePublisher"),
        *("ModelRefused", "ModelsUnheard", "PublisherCrashes"),
    }
    assert set(deployed(Uploads="on")) - set(STACK) == {
        *("UploadBucket", "UploadBucketPolicy", "ResultBucket", "ResultBucketPolicy"),
        *("Queue", "DeadLetters", "QueuePolicy", "UploadsAppear"),
        *("Worker", "WorkerLogGroup", "WorkerRole", "WorkFromTheQueue"),
        *("FilesGivenUp", "FilesWaiting", "UploadsUnheard"),
        *("WorkerCrashes", "WorkerSlowness", "WorkerThrottles"),
    }


class TestTheFunction:
    @pytest.mark.parametrize("name", ["Function", "Worker", "Publisher"])
    def test_is_an_image_without_what_images_cannot_have(self, name: str) -> None:
        function = EVERYTHING[name]["Properties"]
        assert (function["PackageType"], function["Architectures"]) == ("Image", ["x86_64"])
        assert not {"Layers", "SnapStart", "Handler", "Runtime"} & set(function)

    @pytest.mark.parametrize("name", ["Function", "Worker", "Publisher"])
    def test_is_built_from_a_target_that_serves_keras_models(self, name: str) -> None:
        metadata = EVERYTHING[name]["Metadata"]
        assert metadata == {
            "Dockerfile": "Dockerfile",
            "DockerContext": ".",
            "DockerTag": "latest",
            "DockerBuildTarget": "full",
            "DockerBuildArgs": {"BASE_IMAGE": DEFAULTS["BaseImage"]},
        }
        assert " AS full\n" in (ROOT / "Dockerfile").read_text()

    def test_ends_before_the_gateway_stops_waiting(self) -> None:
        assert FUNCTION["Timeout"] == DEFAULTS["TimeoutSeconds"] <= 29
        assert PARAMETERS["TimeoutSeconds"]["MaxValue"] <= 29

    @pytest.mark.parametrize("name", ["Function", "Worker", "Publisher"])
    def test_has_every_setting_as_a_variable_and_no_variable_that_is_none(self, name: str) -> None:
        fields = {name.upper() for name in Settings.model_fields}
        variables = EVERYTHING[name]["Properties"]["Environment"]["Variables"]
        assert set(variables) == fields | {"AWS_ENDPOINT_URL_S3"}

    def test_runs_with_the_default_settings_in_a_stack_with_default_parameters(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = load_settings()
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, str(value))
        assert load_settings() == plain.model_copy(
            update={"cors_origin": DEFAULTS["CorsOrigin"], "metrics_namespace": "mammo-core"}
        )

    def test_reserves_instances_only_if_told_to(self) -> None:
        assert "ReservedConcurrentExecutions" not in FUNCTION
        reserved = deployed(ReservedConcurrency=5)["Function"]["Properties"]
        assert reserved["ReservedConcurrentExecutions"] == 5

    def test_logs_for_a_limited_time_and_traces_its_calls(self) -> None:
        functions = [r for r in EVERYTHING.values() if r["Type"] == "AWS::Serverless::Function"]
        groups = [function["Properties"]["LoggingConfig"]["LogGroup"] for function in functions]
        assert groups == ["LogGroup", "WorkerLogGroup", "PublisherLogGroup"]
        for group in groups:
            assert EVERYTHING[group]["Properties"]["RetentionInDays"] == DEFAULTS["LogRetentionDays"]
        assert 1 <= DEFAULTS["LogRetentionDays"] <= 365
        assert [function["Properties"]["Tracing"] for function in functions] == ["Active"] * 3
        assert API["TracingEnabled"] is True


def test_every_parameter_is_described_and_shown_once_and_accepts_its_default() -> None:
    shown = [name for group in INTERFACE["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(shown) == sorted(PARAMETERS)
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"].strip(), name
        if "AllowedPattern" in parameter:
            assert accepts(name, parameter["Default"]), name


def test_an_empty_endpoint_variable_means_amazons_own_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    def endpoint(value: str) -> str:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", value)
        session = boto3.Session("key", "secret", region_name="eu-central-1")  # or it would look for some
        return str(session.client("s3").meta.endpoint_url)

    assert VARIABLES["AWS_ENDPOINT_URL_S3"] == ""
    assert endpoint("http://127.0.0.1:5000") == "http://127.0.0.1:5000"
    assert endpoint("") == "https://s3.eu-central-1.amazonaws.com"


class TestTheRole:
    def test_lets_nobody_but_the_function_take_it(self) -> None:
        (statement,) = STACK["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert FUNCTION["Role"] == "Role.Arn"
        assert "Policies" not in FUNCTION

    def test_lets_the_function_write_its_log_and_traces_and_no_more(self) -> None:
        assert rights() == ITS_LOG_AND_TRACES

    def test_lets_it_read_the_models_of_the_stacks_own_bucket(self) -> None:
        assert rights(ModelKey="model.json") == {
            **ITS_LOG_AND_TRACES,
            "s3:GetObject": ["ModelBucket.Arn/*"],
            "s3:ListBucket": ["ModelBucket.Arn"],
        }

    @pytest.mark.parametrize(
        "uri",
        [
            "s3://models/a.keras",
            "s3://my.models/2025/density_2.h5",
            "s3://models/b.2.keras",
            "s3://models/c.mammo",
        ],
    )
    def test_lets_it_read_one_model_elsewhere_and_its_manifest_and_list_their_bucket(self, uri: str) -> None:
        assert accepts("ModelUri", uri)
        objects = [f"arn:aws:s3:::{one.removeprefix('s3://')}" for one in (uri, manifest_uri(uri))]
        bucket = f"arn:aws:s3:::{uri.split('/')[2]}"
        assert rights(ModelUri=uri) == {
            **ITS_LOG_AND_TRACES,
            "s3:GetObject": objects,
            "s3:ListBucket": [bucket],
        }

    def test_lets_it_decrypt_with_the_customers_key_only(self) -> None:
        assert rights(KmsKeyArn=KEY) == {**ITS_LOG_AND_TRACES, "kms:Decrypt": [KEY]}

    def test_has_no_action_with_a_wildcard_and_no_resource_that_is_one_but_for_traces(self) -> None:
        everything = rights(ModelUri="s3://models/m.keras", ReadableBucket="archive")
        for role in ("Role", "WorkerRole", "PublisherRole"):
            for action, on in rights(role, **ON, KmsKeyArn=KEY).items():
                everything[action] = [*everything.get(action, []), *on]
        assert [action for action in everything if "*" in action] == []
        assert {action for action, on in everything.items() if "*" in on} == {
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        }
        for uri in ("s3://models/*.keras", "s3://models/?.h5", "s3://models/${x}.keras", "s3://*/a.keras"):
            assert not accepts("ModelUri", uri), uri

    def test_lets_the_function_sign_forms_and_links_of_uploads_only(self) -> None:
        assert rights(Uploads="on") == {
            **ITS_LOG_AND_TRACES,
            "s3:PutObject": ["UploadBucket.Arn/uploads/*"],
            "s3:GetObject": ["UploadBucket.Arn/uploads/*", "ResultBucket.Arn/results/uploads/*"],
            "s3:ListBucket": ["UploadBucket.Arn", "ResultBucket.Arn"],
        }
        assert rights(Uploads="on", KmsKeyArn=KEY)["kms:GenerateDataKey"] == [KEY]

    def test_lets_the_function_list_results_of_uploads_and_no_others(self) -> None:
        """What other files of the bucket are called is no caller's business."""
        policies = deployed(Uploads="on")["Role"]["Properties"]["Policies"]
        statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        conditions = {
            one["Resource"]: one.get("Condition") for one in statements if one["Action"] == "s3:ListBucket"
        }
        # Without a condition on uploads: reading one that is missing has no prefix, and has to answer 404.
        assert conditions == {
            "UploadBucket.Arn": None,
            "ResultBucket.Arn": {"StringLike": {"s3:prefix": f"{folder_of(uploads.PREFIX + 'x')[:-2]}*"}},
        }

    def test_lets_the_function_read_one_more_bucket_for_its_callers(self) -> None:
        assert rights(ReadableBucket="archive") == {
            **ITS_LOG_AND_TRACES,
            "s3:GetObject": ["arn:aws:s3:::archive/*"],
            "s3:GetObjectVersion": ["arn:aws:s3:::archive/*"],
            "s3:ListBucket": ["arn:aws:s3:::archive"],
        }
        assert not accepts("ReadableBucket", "*")

    def test_lets_the_worker_take_messages_read_uploads_and_write_results(self) -> None:
        assert rights("WorkerRole", Uploads="on") == {
            "logs:CreateLogStream": ["WorkerLogGroup.Arn"],
            "logs:PutLogEvents": ["WorkerLogGroup.Arn"],
            "xray:PutTelemetryRecords": ["*"],
            "xray:PutTraceSegments": ["*"],
            "sqs:ReceiveMessage": ["Queue.Arn"],
            "sqs:DeleteMessage": ["Queue.Arn"],
            "sqs:GetQueueAttributes": ["Queue.Arn"],
            "s3:GetObject": ["UploadBucket.Arn/*", "ResultBucket.Arn/results/*"],
            "s3:GetObjectVersion": ["UploadBucket.Arn/*"],
            "s3:PutObject": ["ResultBucket.Arn/results/*"],
            "s3:ListBucket": ["UploadBucket.Arn", "ResultBucket.Arn"],
        }
        assert rights("WorkerRole", Uploads="on", KmsKeyArn=KEY)["kms:GenerateDataKey"] == [KEY]

    def test_lets_the_worker_and_nobody_else_read_a_bucket_that_was_there_before(self) -> None:
        source = {"Uploads": "on", "SourceBucket": "archive"}
        plain, given = rights("WorkerRole", Uploads="on"), rights("WorkerRole", **source)
        assert {action: given[action][len(plain.get(action, [])) :] for action in given} == {
            **{action: [] for action in plain},
            "s3:GetObject": ["arn:aws:s3:::archive/*"],
            "s3:GetObjectVersion": ["arn:aws:s3:::archive/*"],
            "s3:ListBucket": ["arn:aws:s3:::archive"],
        }
        assert rights(**source) == rights(Uploads="on")
        assert not accepts("SourceBucket", "*")

    def test_lets_the_publisher_write_bundles_records_and_the_pointer(self) -> None:
        given = rights("PublisherRole", **ON)
        assert given["s3:PutObject"] == [
            "ModelBucket.Arn/*models/*.mammo",
            "ModelBucket.Arn/*published/*.json",
            "ModelBucket.Arn/model.json",
        ]
        assert given["s3:GetObject"] == given["s3:GetObjectVersion"] == ["ModelBucket.Arn/*"]

    @pytest.mark.parametrize("uri", ["ModelKey", "ModelUri"])
    def test_lets_the_worker_read_the_model_as_the_function_may(self, uri: str) -> None:
        parameters = {uri: "model.json" if uri == "ModelKey" else "s3://models/m.keras", "Uploads": "on"}
        for action in ("s3:GetObject", "s3:ListBucket"):
            ours, theirs = (
                set(rights(role, **parameters)[action]) - set(rights(role, Uploads="on")[action])
                for role in ("Role", "WorkerRole")
            )
            assert ours == theirs != set()


class TestTheModel:
    def test_is_embedded_or_in_the_stacks_bucket_or_elsewhere(self) -> None:
        def served(**parameters: str) -> str:
            function = deployed(**parameters)["Function"]["Properties"]
            return str(function["Environment"]["Variables"]["MODEL_URI"])

        assert served() == ""
        assert served(ModelKey="model.json") == "s3://ModelBucket/model.json"
        assert served(ModelUri="s3://models/m.mammo") == "s3://models/m.mammo"

    def test_cannot_be_in_two_places(self) -> None:
        assert allowed() and allowed(ModelKey="m.json") and allowed(ModelUri="s3://models/m.keras")
        assert not allowed(ModelKey="m.json", ModelUri="s3://models/m.keras")

    @pytest.mark.parametrize("key", ["model.mammo", "2025/a.keras", "b.h5", "model.json"])
    def test_may_have_a_key_that_the_code_serves(self, key: str) -> None:
        assert accepts("ModelKey", key)
        assert not accepts("ModelKey", key + "x")


def of_type(kind: str) -> list[str]:
    """Names of the template's resources of a type."""
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


BUCKETS = of_type("AWS::S3::Bucket")
ALARMS = of_type("AWS::CloudWatch::Alarm")


class TestEveryBucket:
    def test_is_named_here(self) -> None:
        assert BUCKETS == ["ModelBucket", "UploadBucket", "ResultBucket"]

    @pytest.mark.parametrize("name", BUCKETS)
    def test_is_private_versioned_kept_and_forgets_what_was_replaced(self, name: str) -> None:
        bucket = EVERYTHING[name]
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = properties["LifecycleConfiguration"]["Rules"]
        days = {
            "ModelBucket": None,
            "UploadBucket": DEFAULTS["UploadDays"],
            "ResultBucket": DEFAULTS["ResultDays"],
        }
        assert rule.pop("ExpirationInDays", None) == days[name]
        history = DEFAULTS["ModelHistoryDays"] if name == "ModelBucket" else 1
        assert rule.pop("Id").startswith("Forget")
        assert rule == {
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": history},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }

    @pytest.mark.parametrize("name", BUCKETS)
    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            (
                "",
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False},
            ),
            (
                KEY,
                {
                    "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                    "BucketKeyEnabled": True,
                },
            ),
        ],
    )
    def test_is_encrypted(self, name: str, key: str, expected: dict[str, Any]) -> None:
        properties = deployed(**ON, KmsKeyArn=key)[name]["Properties"]
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [expected]

    @pytest.mark.parametrize("name", BUCKETS)
    def test_refuses_connections_that_are_not_encrypted(self, name: str) -> None:
        policies = [r["Properties"] for r in EVERYTHING.values() if r["Type"] == "AWS::S3::BucketPolicy"]
        (policy,) = [policy for policy in policies if policy["Bucket"] == name]
        assert policy["PolicyDocument"]["Statement"] == [
            {
                "Sid": "OnlyEncryptedConnections",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"{name}.Arn", f"{name}.Arn/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]

    @pytest.mark.parametrize(("name", "method"), [("UploadBucket", "POST"), ("ResultBucket", "GET")])
    def test_of_files_is_open_to_the_page_and_to_those_of_one_origin_for_one_method(
        self, name: str, method: str
    ) -> None:
        assert deployed(Uploads="on", CorsOrigin="https://viewer.example")[name]["Properties"][
            "CorsConfiguration"
        ]["CorsRules"] == [
            {
                "AllowedOrigins": [
                    "https://viewer.example",
                    "https://*.execute-api.eu-central-1.amazonaws.com",
                ],
                "AllowedMethods": [method],
                "AllowedHeaders": ["content-type"],
                "MaxAge": 600,
            }
        ]


class TestTheQueue:
    @pytest.mark.parametrize("seconds", PARAMETERS["WorkerTimeoutSeconds"]["AllowedValues"])
    def test_waits_six_time_outs_and_gives_up_after_three_attempts(self, seconds: int) -> None:
        stack = deployed(**ON, WorkerTimeoutSeconds=seconds)
        queue, worker = stack["Queue"]["Properties"], stack["Worker"]["Properties"]
        assert (worker["Timeout"], queue["VisibilityTimeout"]) == (seconds, 6 * seconds)
        assert seconds <= 900
        assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "DeadLetters.Arn", "maxReceiveCount": 3}
        assert worker["Environment"]["Variables"]["MAX_RECEIVES"] == "3"

    def test_keeps_what_was_given_up_longer_than_what_waits_and_beyond_the_stack(self) -> None:
        queue, dead = (EVERYTHING[name] for name in ("Queue", "DeadLetters"))
        kept = [item["Properties"]["MessageRetentionPeriod"] for item in (queue, dead)]
        assert kept == [4 * 86_400, 14 * 86_400]
        assert dead["DeletionPolicy"] == "Retain"

    @pytest.mark.parametrize("name", ["Queue", "DeadLetters"])
    def test_is_encrypted_and_reached_by_tls_only(self, name: str) -> None:
        theirs, own = (deployed(**ON, KmsKeyArn=key)[name]["Properties"] for key in ("", KEY))
        assert (theirs["SqsManagedSseEnabled"], "KmsMasterKeyId" in theirs) == (True, False)
        assert (own["SqsManagedSseEnabled"], own["KmsMasterKeyId"]) == (False, KEY)
        assert set(rights("WorkerRole", **ON, KmsKeyArn=KEY)) >= {"kms:Decrypt", "kms:GenerateDataKey"}
        policy = EVERYTHING["QueuePolicy"]["Properties"]
        refusal = policy["PolicyDocument"]["Statement"][0]
        assert name in policy["Queues"]
        assert (refusal["Effect"], refusal["Action"]) == ("Deny", "sqs:*")
        assert f"{name}.Arn" in refusal["Resource"]
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    def test_hears_of_uploads_by_one_rule_and_of_nothing_else(self) -> None:
        rule = EVERYTHING["UploadsAppear"]["Properties"]
        assert rule["EventPattern"] == {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": ["UploadBucket"]}},
        }
        assert rule["Targets"] == [{"Id": "Queue", "Arn": "Queue.Arn"}]
        notified = EVERYTHING["UploadBucket"]["Properties"]["NotificationConfiguration"]
        assert notified == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
        (allowed_,) = EVERYTHING["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][1:]
        assert allowed_["Condition"] == {"ArnEquals": {"aws:SourceArn": "UploadsAppear.Arn"}}
        assert (allowed_["Action"], allowed_["Resource"]) == ("sqs:SendMessage", "Queue.Arn")

    def test_hears_of_a_bucket_that_was_there_before_if_one_is_named(self) -> None:
        stack = deployed(Uploads="on", SourceBucket="archive")
        pattern = stack["UploadsAppear"]["Properties"]["EventPattern"]
        assert pattern["detail"] == {"bucket": {"name": ["UploadBucket", "archive"]}}
        assert allowed(Uploads="on", SourceBucket="archive")
        assert not allowed(SourceBucket="archive")

    def test_hands_the_worker_one_message_at_a_time_and_is_told_what_failed(self) -> None:
        assert EVERYTHING["WorkFromTheQueue"]["Properties"] == {
            "EventSourceArn": "Queue.Arn",
            "FunctionName": "Worker",
            "BatchSize": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": DEFAULTS["WorkerConcurrency"]},
        }

    def test_hears_nothing_of_results(self) -> None:
        variables = EVERYTHING["Worker"]["Properties"]["Environment"]["Variables"]
        assert (variables["UPLOAD_BUCKET"], variables["RESULT_BUCKET"]) == ("UploadBucket", "ResultBucket")
        assert "NotificationConfiguration" not in EVERYTHING["ResultBucket"]["Properties"]


class TestThePublisher:
    def test_is_the_other_function_of_the_image(self) -> None:
        import handler

        publisher = EVERYTHING["Publisher"]["Properties"]
        (command,) = publisher["ImageConfig"]["Command"]
        assert command == f"{handler.publish.__module__}.{handler.publish.__name__}"
        assert publisher["Timeout"] == 900

    def test_is_called_for_keras_files_under_source_by_its_rule_only(self) -> None:
        rule = EVERYTHING["ModelsAppear"]["Properties"]
        assert rule["EventPattern"]["detail"] == {
            "bucket": {"name": ["ModelBucket"]},
            "object": {"key": [{"wildcard": "*source/*.keras"}]},
        }
        assert rule["Targets"] == [{"Id": "Publisher", "Arn": "Publisher.Arn"}]
        permission = EVERYTHING["CallsOfThePublisher"]["Properties"]
        assert (permission["Principal"], permission["SourceArn"]) == (
            "events.amazonaws.com",
            "ModelsAppear.Arn",
        )

    def test_needs_a_pointer(self) -> None:
        assert not allowed(Publishing="on")
        assert allowed(Publishing="on", ModelKey="model.json")

    @pytest.mark.parametrize("pin", ["ModelSha256", "ManifestSha256"])
    def test_is_not_deployed_beside_functions_that_would_never_follow_it(self, pin: str) -> None:
        assert not allowed(Publishing="on", ModelKey="model.json", **{pin: "ab" * 32})
        assert allowed(ModelKey="model.json", **{pin: "ab" * 32})


class TestTheGateway:
    @pytest.mark.parametrize(
        ("parameters", "proof"),
        [
            ({}, "signature"),
            ({"Authorization": "AWS_IAM"}, "signature"),
            ({"Authorization": "API_KEY"}, "key"),
            ({"Authorization": "COGNITO", "UserPoolArn": POOL}, "user"),
        ],
    )
    def test_asks_for_proof_on_every_method_but_the_open_ones(
        self, parameters: dict[str, str], proof: str
    ) -> None:
        opened = {path for (path, _), method in methods(**parameters).items() if "security" not in method}
        asked = [
            method["security"] for (path, _), method in methods(**parameters).items() if path not in opened
        ]
        assert opened == OPEN_ROUTES
        assert asked == [[{proof: []}]] * 6
        definitions = deployed(**parameters)["Api"]["Properties"]["DefinitionBody"]["securityDefinitions"]
        assert proof in definitions

    def test_knows_signatures_keys_and_the_tokens_of_one_user_pool(self) -> None:
        stack = deployed(Authorization="COGNITO", UserPoolArn=POOL)
        assert stack["Api"]["Properties"]["DefinitionBody"]["securityDefinitions"] == {
            "signature": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
            },
            "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "user": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]},
            },
        }
        assert "user" not in API["DefinitionBody"]["securityDefinitions"]

    def test_cannot_be_deployed_for_users_without_a_pool(self) -> None:
        assert not allowed(Authorization="COGNITO")
        assert allowed(Authorization="COGNITO", UserPoolArn=POOL)

    def test_bounds_what_a_key_may_ask_for(self) -> None:
        plan = deployed(Authorization="API_KEY")["UsagePlan"]["Properties"]
        limits = {"RateLimit": DEFAULTS["RequestsPerSecond"], "BurstLimit": DEFAULTS["RequestsBurst"]}
        assert plan["ApiStages"] == [{"ApiId": "Api", "Stage": "ApiStage"}]
        assert plan["Throttle"] == limits
        assert plan["Quota"] == {"Limit": DEFAULTS["RequestsPerDay"], "Period": "DAY"}
        (settings,) = API["MethodSettings"]
        assert settings == {
            "ResourcePath": "/*",
            "HttpMethod": "*",
            "ThrottlingRateLimit": limits["RateLimit"],
            "ThrottlingBurstLimit": limits["BurstLimit"],
        }

    def test_has_the_routes_of_the_application_and_no_others(self) -> None:
        app = create_app(build_service())
        routes = {(path, verb.upper()) for path, item in app.openapi()["paths"].items() for verb in item}
        pages = {("/", "GET"), ("/viewer/{name}", "GET"), ("/docs", "GET"), (app.openapi_url, "GET")}
        assert set(methods()) == routes | pages

    def test_hands_every_request_to_the_function_whole(self) -> None:
        for route, method in methods().items():
            assert method["x-amazon-apigateway-integration"] == {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/"
                "Function.Arn/invocations",
            }, route

    def test_and_nobody_else_may_call_the_function(self) -> None:
        permissions = [r["Properties"] for r in STACK.values() if r["Type"] == "AWS::Lambda::Permission"]
        assert permissions == [
            {
                "Action": "lambda:InvokeFunction",
                "FunctionName": "Function",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": "arn:aws:execute-api:eu-central-1:123456789012:Api/v1/*",
            }
        ]

    def test_passes_exactly_the_binary_types_that_the_application_reads(self) -> None:
        analyze = create_app(build_service()).openapi()["paths"]["/analyze"]["post"]
        types = [name.replace("~1", "/") for name in API["BinaryMediaTypes"]]
        assert sorted(types) == sorted(set(analyze["requestBody"]["content"]) - {"application/json"})
        assert API["EndpointConfiguration"] == {"Type": "REGIONAL"}

    def test_lets_one_exact_origin_call_and_by_default_none(self) -> None:
        assert API["Cors"]["AllowOrigin"] == f"'{DEFAULTS['CorsOrigin']}'"
        assert DEFAULTS["CorsOrigin"].endswith(".invalid")
        assert accepts("CorsOrigin", "http://localhost:8000")
        for origin in ("*", "https://*.example.org", "https://example.org/", "null", ""):
            assert not accepts("CorsOrigin", origin), origin

    def test_lets_pages_send_every_header_that_proves_who_calls(self) -> None:
        headers = set(API["Cors"]["AllowHeaders"].strip("'").split(","))
        assert headers == {
            "authorization",
            "content-type",
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "x-api-key",
        }


@pytest.mark.parametrize("name", API["GatewayResponses"])
def test_an_error_of_the_gateway_looks_like_one_of_ours(name: str) -> None:
    response = API["GatewayResponses"][name]
    assert response["ResponseParameters"]["Headers"] == {
        "Access-Control-Allow-Origin": f"'{DEFAULTS['CorsOrigin']}'",
        "Content-Type": "'application/problem+json'",
    }
    body = json.loads(response["ResponseTemplates"]["application/json"])
    assert body["request_id"] == "$context.requestId"
    assert body["type"] == f"urn:mammo-core:problem:{body['code']}"
    if name.startswith("DEFAULT"):
        # It stands for many statuses: it may neither set one nor claim one.
        assert ("status" in body, "StatusCode" in response) == (False, False)
        body["status"] = int(name[8]) * 100
    else:
        assert body["status"] == int(response["StatusCode"])
    wire.Problem.model_validate(body)


@pytest.mark.parametrize(("uploads", "told"), [("on", True), ("off", False)])
def test_the_gateways_413_names_uploads_where_they_are_offered(uploads: str, told: bool) -> None:
    responses = deployed(Uploads=uploads)["Api"]["Properties"]["GatewayResponses"]
    body = json.loads(responses["REQUEST_TOO_LARGE"]["ResponseTemplates"]["application/json"])
    assert ("POST /uploads takes larger files." in body["detail"]) is told


def test_the_gateways_own_refusals_are_all_worded() -> None:
    worded = {name: response.get("StatusCode") for name, response in API["GatewayResponses"].items()}
    assert worded == {
        "UNAUTHORIZED": "401",
        "ACCESS_DENIED": "403",
        "EXPIRED_TOKEN": "403",
        "INVALID_SIGNATURE": "403",
        "MISSING_AUTHENTICATION_TOKEN": "403",
        "INVALID_API_KEY": "403",
        "WAF_FILTERED": "403",
        "RESOURCE_NOT_FOUND": "404",
        "REQUEST_TOO_LARGE": "413",
        "THROTTLED": "429",
        "QUOTA_EXCEEDED": "429",
        "INTEGRATION_FAILURE": "504",
        "INTEGRATION_TIMEOUT": "504",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
    }


class TestAnAlarm:
    @pytest.mark.parametrize("name", ALARMS)
    def test_says_what_happened_and_tells_the_topic_if_there_is_one(self, name: str) -> None:
        quiet, told = (deployed(**ON, AlarmTopicArn=arn)[name]["Properties"] for arn in ("", TOPIC))
        assert quiet["AlarmDescription"].endswith(".")
        assert quiet["TreatMissingData"] == "notBreaching"
        assert ("AlarmActions" in quiet, told["AlarmActions"]) == (False, [TOPIC])

    @pytest.mark.parametrize(
        ("name", "metric", "dimensions"),
        [
            ("ServerErrors", ("AWS/ApiGateway", "5XXError"), {"ApiName": "mammo-core", "Stage": "v1"}),
            ("Crashes", ("AWS/Lambda", "Errors"), {"FunctionName": "Function"}),
            ("Throttles", ("AWS/Lambda", "Throttles"), {"FunctionName": "Function"}),
            ("WorkerCrashes", ("AWS/Lambda", "Errors"), {"FunctionName": "Worker"}),
            ("PublisherCrashes", ("AWS/Lambda", "Errors"), {"FunctionName": "Publisher"}),
            ("ModelRefused", ("mammo-core", "PublicationRefused"), {"service": "mammo-core"}),
            ("WorkerThrottles", ("AWS/Lambda", "Throttles"), {"FunctionName": "Worker"}),
            ("UploadsUnheard", ("AWS/Events", "FailedInvocations"), {"RuleName": "UploadsAppear"}),
            ("ModelsUnheard", ("AWS/Events", "FailedInvocations"), {"RuleName": "ModelsAppear"}),
        ],
    )
    def test_goes_off_at_the_first(
        self, name: str, metric: tuple[str, str], dimensions: dict[str, str]
    ) -> None:
        alarm = EVERYTHING[name]["Properties"]
        assert (alarm["Namespace"], alarm["MetricName"]) == metric
        assert {item["Name"]: item["Value"] for item in alarm["Dimensions"]} == dimensions
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
        assert API["Name"] == "mammo-core"

    @pytest.mark.parametrize(
        ("name", "function", "timeout"),
        [
            ("Slowness", "Function", "TimeoutSeconds"),
            ("WorkerSlowness", "Worker", "WorkerTimeoutSeconds"),
        ],
    )
    def test_goes_off_when_calls_come_near_the_time_out(self, name: str, function: str, timeout: str) -> None:
        alarm = EVERYTHING[name]["Properties"]
        duration, share = alarm["Metrics"]
        metric = duration["MetricStat"]["Metric"]
        assert (metric["Namespace"], metric["MetricName"]) == ("AWS/Lambda", "Duration")
        assert metric["Dimensions"] == [{"Name": "FunctionName", "Value": function}]
        assert (duration["MetricStat"]["Stat"], duration["ReturnData"]) == ("p99", False)
        assert share["Expression"] == f"100 * {duration['Id']} / (1000 * {DEFAULTS[timeout]})"
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (80, "GreaterThanThreshold")

    def test_is_there_for_each_trouble(self) -> None:
        assert sorted(ALARMS) == [
            *("Crashes", "FilesGivenUp", "FilesWaiting", "ModelRefused", "ModelsUnheard"),
            *("PublisherCrashes", "ServerErrors", "Slowness", "Throttles", "UploadsUnheard"),
            *("WorkerCrashes", "WorkerSlowness", "WorkerThrottles"),
        ]

    @pytest.mark.parametrize(
        ("name", "queue", "metric", "threshold"),
        [
            ("FilesGivenUp", "DeadLetters", "ApproximateNumberOfMessagesVisible", 1),
            ("FilesWaiting", "Queue", "ApproximateAgeOfOldestMessage", 3600),
        ],
    )
    def test_goes_off_when_files_are_given_up_or_wait(
        self, name: str, queue: str, metric: str, threshold: int
    ) -> None:
        alarm = EVERYTHING[name]["Properties"]
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": f"{queue}.QueueName"}]
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (metric, "Maximum", threshold)

    def test_watches_the_metric_that_the_publisher_writes(self) -> None:
        source = (ROOT / "mammo_core" / "publishing" / "publisher.py").read_text()
        assert 'f"Publication{' in source
        assert (
            EVERYTHING["Publisher"]["Properties"]["Environment"]["Variables"]["METRICS_NAMESPACE"]
            == (EVERYTHING["ModelRefused"]["Properties"]["Namespace"])
        )


def test_every_output_is_described_and_there_whenever_its_resource_is() -> None:
    outputs = TEMPLATE["Outputs"]
    assert set(outputs) == {
        "ApiUrl",
        "ApiKeyId",
        "ModelBucketName",
        "FunctionName",
        "FunctionRoleArn",
        "LogGroupName",
        "UploadBucketName",
        "ResultBucketName",
        "WorkerRoleArn",
        "WorkerLogGroupName",
        "QueueUrl",
        "DeadLettersArn",
    }
    assert all(output["Description"] for output in outputs.values())
    assert outputs["ApiKeyId"]["Condition"] == RESOURCES["ApiKey"]["Condition"]


def test_the_deployments_of_samconfig_give_parameters_that_the_template_takes() -> None:
    import tomllib

    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    names = {name: config[name]["global"]["parameters"]["stack_name"] for name in ("dev", "prod")}
    assert names == {"dev": "mammo-core-dev", "prod": "mammo-core"}
    # `sam deploy` alone must not take one of the two for granted.
    assert not {"global", "deploy"} & set(config["default"])
    for environment in ("dev", "prod"):
        given = config[environment]["deploy"]["parameters"]["parameter_overrides"]
        for text in given:
            name, _, value = text.partition("=")
            parameter = PARAMETERS[name]
            assert value in map(str, parameter.get("AllowedValues", [value])), text
            assert "AllowedPattern" not in parameter or accepts(name, value), text


def test_the_template_is_plain_yaml_without_what_cloudformation_cannot_read() -> None:
    text = (ROOT / "template.yaml").read_text()
    events = [type(event).__name__ for event in yaml.parse(text)]
    assert "AliasEvent" not in events
