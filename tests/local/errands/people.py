"""What people do outside Studio; and all errands together."""

from local.settings import ACCOUNT, REGION
from tests.local.errands.batches import Batches
from tests.local.errands.common import GROUP, PIPELINE


class Errands(Batches):
    """All errands on one deployed system."""

    def decide(self, role: str) -> None:
        """A registrar, who signs in by a role, reads a package's report and what its run was asked for, and decides."""
        sagemaker, s3 = self.roles.client("sagemaker", role), self.roles.client("s3", role)
        sagemaker.describe_model_package_group(ModelPackageGroupName=GROUP)
        (summary,) = sagemaker.list_model_packages(
            ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Ascending", MaxResults=1
        )["ModelPackageSummaryList"]
        package = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
        report = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
        bucket, _, key = report.removeprefix("s3://").partition("/")
        for kind in ("json", "html"):
            s3.get_object(Bucket=bucket, Key=key.removesuffix("json") + kind)
        run = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{PIPELINE}/execution/{key.split('/')[1]}"
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=run)
        asked = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=run)["PipelineParameters"]
        assert "RawDataUri" in {parameter["Name"] for parameter in asked}
        sagemaker.update_model_package(
            ModelPackageArn=summary["ModelPackageArn"], ModelApprovalStatus=package["ModelApprovalStatus"]
        )
