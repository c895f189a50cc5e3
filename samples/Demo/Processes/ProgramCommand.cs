namespace Sidecar.Demo.Processes;

/// <summary>How a program is started.</summary>
internal sealed record ProgramCommand(string Name, string File, IReadOnlyList<string> Arguments);
