namespace Sidecar.Agent.Tests.Dispatch;

/// <summary>A mistake that the line around the dispatcher could make; the simulation must find each.</summary>
public enum RetryPlant
{
    None,
    DeliversBeforeItIsKnownWhatWaits,
    IsDoneBeforeTheCopyIsWritten,
    TakesAReplayForAStrayCopy,
}
