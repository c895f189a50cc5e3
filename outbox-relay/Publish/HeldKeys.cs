using Sidecar.OutboxRelay.Contracts;

namespace Sidecar.OutboxRelay.Publish;

/// <summary>
/// Topics and keys that must not go on, compared byte by byte. A row without a key is never among them.
/// </summary>
public sealed class HeldKeys
{
    private readonly HashSet<(string Topic, string Key)> keys = [];

    /// <summary>Holds the row's key.</summary>
    public void Add(OutboxRow row)
    {
        if (row.Key is not null)
        {
            keys.Add((row.Topic, Convert.ToBase64String(row.Key)));
        }
    }

    /// <summary>The row's key is held.</summary>
    public bool Contains(OutboxRow row) =>
        keys.Count > 0 && row.Key is not null && keys.Contains((row.Topic, Convert.ToBase64String(row.Key)));
}
