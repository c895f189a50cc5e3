using System.Globalization;

namespace Sidecar.TestKit.Postgres;

/// <summary>
/// A wall clock for one server, by Debian's libfaketime: its processes read the offset from a file whenever they look at
/// the time. The monotonic clock stays true, as it does when a machine's clock is set.
/// </summary>
internal sealed class ServerClock
{
    private readonly string file;

    public ServerClock(string folder)
    {
        file = Path.Combine(folder, "clock");
        Set(TimeSpan.Zero);
    }

    /// <summary>The library, or null where it is not installed.</summary>
    public static string? Library { get; } = Find();

    /// <summary>For the server's environment, <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Variables =>
    [
        $"LD_PRELOAD={Library ?? throw new InvalidOperationException("libfaketime is not installed")}",
        $"FAKETIME_TIMESTAMP_FILE={file}", "FAKETIME_NO_CACHE=1",
        // Two names, for its older and newer versions.
        "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];

    /// <summary>From now on the server's time is the true time plus this.</summary>
    public void Set(TimeSpan offset)
    {
        // Replaced in one step: no process reads half a number.
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{offset.TotalSeconds:+0;-0}\n"));
        File.Move(file + ".new", file, overwrite: true);
    }

    private static string? Find() => Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*")
            .Select(folder => Path.Combine(folder, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists)
        : null;
}
