namespace Sidecar.Agent.Commands;

/// <summary>How the process ends.</summary>
public static class ExitCodes
{
    /// <summary>All is well.</summary>
    public const int Ok = 0;

    /// <summary>Something failed that nobody wrote wrongly.</summary>
    public const int Failure = 1;

    /// <summary>The configuration or the command line is wrong: nothing was started.</summary>
    public const int Misconfigured = 2;
}
