"""What the contract names and is not built yet, by the capability that owes it.

A part that is built leaves this table; the last one to leave takes the table with it.
Of a type or field that is missing, what belongs to it is not listed.
"""

from typing import Final

OWED: Final[dict[str, frozenset[str]]] = {
    "import": frozenset(
        {
            "ColumnMappingInput",
            "ColumnType",
            "Dataset",
            "DatasetColumn",
            "DatasetConnection",
            "DatasetEdge",
            "DatasetRow",
            "DatasetRowConnection",
            "DatasetRowEdge",
            "ImportDataInput",
            "ImportError",
            "ImportErrorCode",
            "ImportErrorConnection",
            "ImportErrorEdge",
            "ImportMode",
            "ImportPreview",
            "ImportPreviewColumn",
            "ImportPreviewPayload",
            "ImportRecord",
            "ImportRecordConnection",
            "ImportRecordEdge",
            "ImportRowsRejected",
            "ImportTarget",
            "ImportTargetColumn",
            "JobResult | ImportRecord",
            "Mutation.deleteDataset",
            "Mutation.importData",
            "Mutation.undoImport",
            "Query.dataset",
            "Query.datasets",
            "Query.importPreview",
            "Query.importRecord",
            "Query.importRecords",
            "Query.importTargets",
            "ReadOptionsInput",
            "RowErrorPolicy",
            "UndoImportPayload",
        }
    ),
    "analysis and backgrounds": frozenset(
        {
            "Aggregate",
            "AnalysisReport",
            "AnalysisRun",
            "AnalysisRunConnection",
            "AnalysisRunEdge",
            "AnalyzeInput",
            "BackgroundImage",
            "BackgroundPreset",
            "BackgroundStyle",
            "BackgroundSubjectInput",
            "ComparisonOperator",
            "ConditionInput",
            "DimensionInput",
            "GenerateBackgroundInput",
            "GeneratedBackground",
            "JobResult | AnalysisRun",
            "JobResult | GeneratedBackground",
            "MeasureInput",
            "Mutation.analyze",
            "Mutation.generateBackground",
            "Query.analysisRun",
            "Query.analysisRuns",
            "TimeBucket",
        }
    ),
    "access": frozenset(
        {
            "ChangePasswordInput",
            "CreateUserInput",
            "Mutation.changePassword",
            "Mutation.createUser",
            "Mutation.setPassword",
            "Mutation.signIn",
            "Mutation.signOut",
            "Mutation.updateUser",
            "Query.users",
            "SignInInput",
            "SignInPayload",
            "UpdateUserInput",
            "UserConnection",
            "UserEdge",
            "UserPayload",
        }
    ),
}
