namespace Sidecar.Agent.Contracts;

/// <summary>Two options that do not go together, in the operator's words.</summary>
/// <param name="Field">The field to change, by its configured name.</param>
/// <param name="Other">The field that it does not go with; the same one where there is no other.</param>
/// <param name="Problem">What is wrong, with both values.</param>
/// <param name="Fix">What to write instead.</param>
public sealed record RuleBreak(string Field, string Other, string Problem, string Fix);
