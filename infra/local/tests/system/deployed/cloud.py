"""Deploys infra/template.yaml to a ministack that runs at ENDPOINT, and does there what an operator would do with the AWS CLI.

cloud.py ENDPOINT COMMAND ARGUMENTS...; prints one JSON value. What the emulator does not know is made up for in `adapted`, and listed in
docs/OPERATING.md.
"""

import io
import json
import sys
import time
import zipfile

import boto3
import yaml

STACK = "feedmill"
ARTIFACTS = "artifacts"


def client(service):
    return boto3.client(service, endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


class Loader(yaml.SafeLoader):
    """Short forms of CloudFormation (!Ref, !GetAtt, ...) as long ones."""


def short_form(loader, name, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name in ("Ref", "Condition"):
        return {name: value}
    return {"Fn::" + name: value.split(".", 1) if name == "GetAtt" and isinstance(value, str) else value}


Loader.add_multi_constructor("!", short_form)


def package(template, binaries):
    """What `sam package` does: code into a bucket, its place into the template."""
    s3 = client("s3")
    s3.create_bucket(Bucket=ARTIFACTS)
    uploaded = set()
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        binary = resource["Metadata"]["BuildProperties"]["Binary"]
        resource["Properties"]["CodeUri"] = f"s3://{ARTIFACTS}/{binary}.zip"
        if binary not in uploaded:
            uploaded.add(binary)
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                entry = zipfile.ZipInfo("bootstrap")
                entry.external_attr = 0o755 << 16
                with open(f"{binaries}/{binary}", "rb") as program:
                    archive.writestr(entry, program.read())
            s3.put_object(Bucket=ARTIFACTS, Key=f"{binary}.zip", Body=packed.getvalue())
    del template["Globals"]["Function"]["CodeUri"]


def adapted(template):
    """The template as this emulator understands it."""
    parameters = template["Parameters"]

    def statements(node):
        if isinstance(node, dict):
            if isinstance(node.get("Statement"), list):
                for statement in list(node["Statement"]):
                    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                    # To IAM a batch of messages is the action of one; the emulator has a name for it.
                    if "sqs:SendMessage" in actions and statement["Effect"] == "Allow":
                        statement["Action"] = actions + ["sqs:SendMessageBatch"]
                    # To IAM statements are dynamodb:PartiQLInsert and so on, of their table; the emulator asks for the call.
                    if any(action.startswith("dynamodb:PartiQL") for action in actions):
                        node["Statement"].append({"Effect": "Allow", "Action": ["dynamodb:BatchExecuteStatement"], "Resource": ["*"]})
            for value in node.values():
                statements(value)
        elif isinstance(node, list):
            for value in node:
                statements(value)

    statements(template["Resources"])
    for resource in template["Resources"].values():
        for event in (resource["Properties"].get("Events") or {}).values() if "Serverless" in resource["Type"] else []:
            # A parameter arrives as text where the emulator needs a number.
            scaling = event["Properties"]["ScalingConfig"]
            scaling["MaximumConcurrency"] = parameters[scaling["MaximumConcurrency"]["Ref"]]["Default"]
    return template


def settled(wanted):
    while True:
        stack = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.2)
    if stack["StackStatus"] != wanted:
        sys.exit(f"{stack['StackStatus']}: {stack.get('StackStatusReason')}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def as_given(parameters):
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]


CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy(template, binaries, variables, parameters):
    with open(template, encoding="utf-8") as file:
        template = yaml.load(file, Loader)
    package(template, binaries)
    template["Globals"]["Function"]["Environment"]["Variables"].update(json.loads(variables))
    body = json.dumps(adapted(template))
    client("cloudformation").create_stack(StackName=STACK, TemplateBody=body, Parameters=as_given(json.loads(parameters)), Capabilities=CAPABILITIES)
    return settled("CREATE_COMPLETE")


def update(parameters):
    client("cloudformation").update_stack(StackName=STACK, UsePreviousTemplate=True, Parameters=as_given(json.loads(parameters)), Capabilities=CAPABILITIES)
    return settled("UPDATE_COMPLETE")


def resources():
    """Name in the template -> physical name."""
    found = client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}


def allow_plain_http(bucket):
    """The bucket's policy asks for TLS; this emulator speaks none that the functions would trust."""
    client("s3").delete_bucket_policy(Bucket=bucket)


def hurry(queue):
    """What is reported comes again after a second instead of minutes."""
    client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})


def mapping(enabled, function):
    """Turns the mapping of a queue to its function on or off."""
    lambda_ = client("lambda")
    for one in lambda_.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        lambda_.update_event_source_mapping(UUID=one["UUID"], Enabled=enabled == "on")


def send(queue, body):
    client("sqs").send_message(QueueUrl=queue, MessageBody=body)


def depth(queue):
    """How many messages are in a queue, visible or not."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def redrive(dead, queue):
    """Sends dead letters back to where they died, as StartMessageMoveTask does, which the emulator does not know."""
    sqs = client("sqs")
    for message in sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages", []):
        sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])


def key():
    """The installation's key, which a function has made."""
    parameter = client("ssm").get_parameter(Name=f"/{STACK}/key", WithDecryption=True)["Parameter"]
    if parameter["Type"] != "SecureString":
        sys.exit(f"the key is a {parameter['Type']}")
    return parameter["Value"]


def put_key(value):
    """Another key in the place of the installation's, as its owner puts it there."""
    client("ssm").put_parameter(Name=f"/{STACK}/key", Type="SecureString", Overwrite=True, Value=value)


def invoke(function, event):
    """What a function answers."""
    answer = client("lambda").invoke(FunctionName=function, Payload=event.encode())
    payload = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(payload)
    return json.loads(payload)


def variable(function, name):
    """What a function has in its environment."""
    return client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"][name]


def trouble():
    """The lines of all functions' logs that are warnings or worse."""
    logs, lines = client("logs"), []
    for group in logs.describe_log_groups()["logGroups"]:
        for event in logs.filter_log_events(logGroupName=group["logGroupName"], limit=10000)["events"]:
            if '"level":"WARN"' in event["message"] or '"level":"ERROR"' in event["message"] or "panicked" in event["message"]:
                lines.append(f"{group['logGroupName'].rsplit('/', 1)[-1]}: {event['message']}")
    return lines


def told(text):
    """How many lines of all functions' logs hold a text."""
    logs, count = client("logs"), 0
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"], limit=10000)["events"]
        count += sum(text in event["message"] for event in events)
    return count


print(json.dumps(globals()[sys.argv[2]](*sys.argv[3:])))
