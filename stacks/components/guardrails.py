"""Guardrails: what no job may be without, whoever starts it and whatever else allows it.

A permission says which jobs a role may start; these denials say what every one of them has: our subnets and security
group, our keys, machines from the settings, no network inside, an end. They hold against a later, wider permission too.

Which condition keys an action has is from the service authorization reference of SageMaker
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_sagemaker.html); a test compares them with the
policy linter's copy of it. How denials meet a key that a request does not set, after the IAM user guide:
``…NotEquals`` and ``…IfExists`` match, which is wanted; ``ForAnyValue`` does not, so a ``Null`` stands beside it, one
statement for each key, because several keys in one ``Null`` must all be missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from stacks.components.grants import Grant, deny
from stacks.components.place import Place

JOBS = ("sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob")
# A batch transform has the network and the isolation of its model.
TRANSFORM, MODEL = "sagemaker:CreateTransformJob", "sagemaker:CreateModel"
PACKAGES = ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage")
# What else runs on machines: it lacks a key for the network, the machines or the isolation, or nothing here needs it.
UNGUARDED = (
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateCluster",
    "sagemaker:CreateCompilationJob",
    "sagemaker:CreateDataQualityJobDefinition",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:CreateInferenceComponent",
    "sagemaker:CreateInferenceExperiment",
    "sagemaker:CreateInferenceRecommendationsJob",
    "sagemaker:CreateLabelingJob",
    "sagemaker:CreateMlflowTrackingServer",
    "sagemaker:CreateModelBiasJobDefinition",
    "sagemaker:CreateModelExplainabilityJobDefinition",
    "sagemaker:CreateModelQualityJobDefinition",
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateOptimizationJob",
    "sagemaker:CreatePartnerApp",
    "sagemaker:UpdateCluster",
    "sagemaker:UpdateMonitoringSchedule",
    "sagemaker:UpdateNotebookInstance",
)
# The longest that a step may be given (training.step_timeout_s), and what SageMaker takes where a request is silent.
LONGEST_JOB_S = 86400
APPROVED = "Approved"


def guardrails(*, place: Place, instance_types: Sequence[str]) -> list[Grant]:
    """Deny jobs outside the network, the keys, the machines and the isolation, and any approval.

    Parameters
    ----------
    instance_types : sequence of str
        The machines that a job may have.
    """
    subnets = [subnet.subnet_id for subnet in place.subnets]
    disks = [place.keys.data.key_arn]
    outputs = [place.keys.data.key_arn, place.keys.models.key_arn]
    return [
        *_among("VpcSubnets", subnets, *JOBS, MODEL, because="A job elsewhere could send data out."),
        *_among(
            "VpcSecurityGroupIds",
            [place.security_group.security_group_id],
            *JOBS,
            MODEL,
            because="Another security group may let a job talk to more than the doors.",
        ),
        *_among(
            "InstanceTypes",
            sorted(set(instance_types)),
            *JOBS,
            TRANSFORM,
            because="Other machines cost more, or have disks that no key encrypts.",
        ),
        deny(
            *JOBS,
            TRANSFORM,
            when={"ArnNotEquals": {"sagemaker:VolumeKmsKey": disks}},
            sid="OtherOrNoVolumeKmsKey",
            because="Customers' data lies on the disk.",
        ),
        deny(
            *JOBS,
            TRANSFORM,
            when={"ArnNotEquals": {"sagemaker:OutputKmsKey": outputs}},
            sid="OtherOrNoOutputKmsKey",
            because="Under another key, what a job writes could be read by others, or by nobody.",
        ),
        deny(
            *JOBS,
            MODEL,
            when={"BoolIfExists": {"sagemaker:NetworkIsolation": "false"}},
            sid="NoNetworkIsolation",
            because="A container with customers' data has nobody to talk to.",
        ),
        deny(
            *JOBS,
            when={"BoolIfExists": {"sagemaker:InterContainerTrafficEncryption": "false"}},
            sid="NoTrafficEncryption",
            because="Several machines of one job send each other customers' data.",
        ),
        deny(
            "sagemaker:CreateTrainingJob",
            "sagemaker:UpdateTrainingJob",
            when={"Bool": {"sagemaker:EnableRemoteDebug": "true"}},
            sid="RemoteDebug",
            because="It opens a shell into the container, and with it a way out for what lies there.",
        ),
        deny(
            "sagemaker:CreateTrainingJob",
            "sagemaker:UpdateTrainingJob",
            when={"NumericGreaterThan": {"sagemaker:KeepAlivePeriod": "0"}},
            sid="WarmMachines",
            because="Machines that wait for a next job cost as those that work.",
        ),
        deny(
            *JOBS,
            when={"NumericGreaterThan": {"sagemaker:MaxRuntimeInSeconds": str(LONGEST_JOB_S)}},
            sid="EndlessJob",
            because="No step needs more than a day, and a job that hangs costs until it ends.",
        ),
        deny(
            "sagemaker:CreateHyperParameterTuningJob",
            "sagemaker:CreateTrainingJob",
            when={"Null": {"sagemaker:FileSystemId": "false"}},
            sid="FileSystem",
            because="What a job reads is in the buckets, whose policies and keys do not reach a file system.",
        ),
        deny(
            "sts:AssumeRole",
            sid="BecomingAnother",
            because="A role of a run has no business in another role, the registrar's least of all.",
        ),
        deny(
            *UNGUARDED,
            sid="WhatCannotBeFenced",
            because="What is asked of every job above cannot be asked of these, or nothing here needs them.",
        ),
        never_approves(),
    ]


def never_approves() -> Grant:
    """Deny to approve a model package: who trains does not decide what is served."""
    return deny(
        *PACKAGES,
        when={"StringEquals": {"sagemaker:ModelApprovalStatus": APPROVED}},
        sid="Approval",
        because="Who trains does not decide what is served.",
    )


def _among(key: str, values: Sequence[str], *actions: str, because: str) -> list[Grant]:
    """Deny a request whose list of values is missing, or has one that is not among these."""
    name = f"sagemaker:{key}"
    return [
        deny(*actions, when={"Null": {name: "true"}}, sid=f"No{key}", because=because),
        deny(*actions, when={"ForAnyValue:StringNotEquals": {name: list(values)}}, sid=f"Other{key}", because=because),
    ]
