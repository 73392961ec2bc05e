package sam

import "strings"

// managedPolicyPath is the path under which AWS keeps a managed policy that templates commonly name,
// or "". Names that are not here stay as they are, as they do for policies that AWS does not know;
// Options.ManagedPolicies adds more.
func managedPolicyPath(name string) string {
	for _, n := range strings.Fields(`AWSLambdaBasicExecutionRole AWSLambdaVPCAccessExecutionRole AWSLambdaRole AWSLambdaDynamoDBExecutionRole
		AWSLambdaKinesisExecutionRole AWSLambdaSQSQueueExecutionRole AWSLambdaMSKExecutionRole AWSLambdaENIManagementAccess
		AWSLambdaBasicDurableExecutionRolePolicy AWSCodeDeployRole AWSCodeDeployRoleForLambda AWSCodeDeployRoleForLambdaLimited AWSCodeDeployRoleForECS
		AmazonAPIGatewayPushToCloudWatchLogs AWSAppSyncPushToCloudWatchLogs AmazonECSTaskExecutionRolePolicy AWSGlueServiceRole AWSBatchServiceRole
		AmazonS3ObjectLambdaExecutionRolePolicy CloudWatchEventsInvocationAccess`) {
		if n == name {
			return "service-role/" + name
		}
	}
	for _, n := range strings.Fields(`AdministratorAccess PowerUserAccess ReadOnlyAccess IAMFullAccess IAMReadOnlyAccess AmazonDynamoDBFullAccess
		AmazonDynamoDBReadOnlyAccess AmazonS3FullAccess AmazonS3ReadOnlyAccess AmazonSQSFullAccess AmazonSQSReadOnlyAccess AmazonSNSFullAccess
		AmazonSNSReadOnlyAccess AmazonKinesisFullAccess AmazonKinesisReadOnlyAccess AmazonKinesisFirehoseFullAccess AmazonEC2FullAccess
		AmazonEC2ReadOnlyAccess AmazonVPCFullAccess AmazonSESFullAccess AmazonSSMFullAccess AmazonSSMReadOnlyAccess AmazonRDSFullAccess
		AmazonRDSDataFullAccess AmazonCognitoPowerUser AmazonCognitoReadOnly AmazonEventBridgeFullAccess AmazonAPIGatewayInvokeFullAccess
		AmazonAPIGatewayAdministrator AmazonAthenaFullAccess AmazonElasticFileSystemFullAccess AmazonElasticFileSystemClientReadWriteAccess
		AmazonMSKReadOnlyAccess AmazonMSKFullAccess AmazonRekognitionFullAccess AmazonPollyFullAccess AmazonTextractFullAccess
		AWSLambda_FullAccess AWSLambda_ReadOnlyAccess AWSLambdaInvocation-DynamoDB AWSXrayFullAccess AWSXrayReadOnlyAccess AWSXrayWriteOnlyAccess
		AWSXRayDaemonWriteAccess AWSStepFunctionsFullAccess AWSStepFunctionsReadOnlyAccess AWSCloudFormationFullAccess AWSCloudFormationReadOnlyAccess
		AWSCodeDeployFullAccess AWSCodeDeployReadOnlyAccess AWSCodeDeployDeployerAccess AWSIoTFullAccess AWSIoTDataAccess AWSKeyManagementServicePowerUser
		CloudWatchFullAccess CloudWatchLogsFullAccess CloudWatchLogsReadOnlyAccess CloudWatchReadOnlyAccess CloudWatchEventsFullAccess
		CloudWatchLambdaInsightsExecutionRolePolicy CloudWatchAgentServerPolicy SecretsManagerReadWrite`) {
		if n == name {
			return name
		}
	}
	return ""
}
