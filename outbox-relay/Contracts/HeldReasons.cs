namespace Sidecar.OutboxRelay.Contracts;

/// <summary>Reasons that are the same for every row.</summary>
public static class HeldReasons
{
    /// <summary>The reason that later rows of a held key are given. In SQLite it is also what tells them apart.</summary>
    public const string Behind = "behind an earlier row of the same topic and key that is held";
}
