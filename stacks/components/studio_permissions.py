"""What somebody in Studio may ask for, by what it acts on: the role allows it, and the door lets it through."""

from __future__ import annotations

# On the pipeline, and on its runs.
PIPELINE = ("sagemaker:DescribePipeline", "sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution")
RUNS = (
    "sagemaker:DescribePipelineDefinitionForExecution",
    "sagemaker:DescribePipelineExecution",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:ListPipelineParametersForExecution",
    "sagemaker:StopPipelineExecution",
)
# On jobs of runs, and on one's own.
LOOK_AT_JOBS = ("sagemaker:DescribeProcessingJob", "sagemaker:DescribeTrainingJob")
OWN_JOBS = (
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:StopProcessingJob",
    "sagemaker:StopTrainingJob",
)
TAG = ("sagemaker:AddTags",)
REGISTRY = ("sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup")
ENDPOINT = ("sagemaker:DescribeEndpoint",)
# On one's own space and its apps, and on the place that they are in.
OWN_SPACE = ("sagemaker:CreateSpace", "sagemaker:DeleteSpace", "sagemaker:UpdateSpace")
OWN_APPS = ("sagemaker:CreateApp", "sagemaker:DeleteApp")
OWN_PROFILE = ("sagemaker:CreatePresignedDomainUrl", "sagemaker:DescribeUserProfile")
DOMAIN = ("sagemaker:DescribeDomain",)
LOOK_AT_SPACES = ("sagemaker:DescribeApp", "sagemaker:DescribeSpace")
# On the MLflow app: its page is opened by an address that SageMaker signs.
MLFLOW = ("sagemaker:CallMlflowAppApi", "sagemaker:CreatePresignedMlflowAppUrl", "sagemaker:DescribeMlflowApp")
LISTS_OF_MLFLOW = ("sagemaker:ListMlflowApps",)
# These know no resource. They tell names and states.
LISTS = (
    "sagemaker:ListApps",
    "sagemaker:ListDomains",
    "sagemaker:ListModelPackages",
    "sagemaker:ListPipelines",
    "sagemaker:ListProcessingJobs",
    "sagemaker:ListSpaces",
    "sagemaker:ListTrainingJobs",
    "sagemaker:ListUserProfiles",
)
ON_RESOURCES = (
    *(*PIPELINE, *RUNS, *LOOK_AT_JOBS, *OWN_JOBS, *TAG, *REGISTRY, *ENDPOINT),
    *(*OWN_SPACE, *OWN_APPS, *OWN_PROFILE, *DOMAIN, *LOOK_AT_SPACES),
)
WRITE_LOG = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
READ_LOGS = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
# These know no resource either, and no condition for the namespace: metrics are numbers, never a customer.
READ_METRICS = ("cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics")
# The log groups of work; those of the page, the API and the endpoint are not among them.
LOG_GROUPS = ("ProcessingJobs", "TrainingJobs", "studio")
