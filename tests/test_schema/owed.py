"""What the contract names and is not built yet, by the capability that owes it.

A part that is built leaves this table; the last one to leave takes the table with it.
Of a type or field that is missing, what belongs to it is not listed.
"""

from typing import Final

OWED: Final[dict[str, frozenset[str]]] = {
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
