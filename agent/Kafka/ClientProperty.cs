using System.Runtime.InteropServices;

namespace Sidecar.Agent.Kafka;

/// <summary>
/// What librdkafka says of its own properties, whose names and values are known to it alone. Each is tried on a configuration
/// that no client is made of: nothing runs and nothing connects. How properties go together is judged when a client is made.
/// </summary>
internal static unsafe class ClientProperty
{
    private const int Taken = 0;
    private const int Unknown = -2;
    private const int ErrorBytes = 512;

    // To set it is to load the libraries that it names: that is for who runs the agent, not for who reads a file.
    private const string Loads = "plugin.library.paths";

    private static readonly Lazy<IReadOnlyList<string>> AllNames = new(ReadNames);

    /// <summary>The names of all properties that have a value, to find the one that was meant.</summary>
    public static IReadOnlyList<string> Names => AllNames.Value;

    /// <summary>There is a property of this name.</summary>
    public static bool IsKnown(string name) => Try(name, "").Result != Unknown;

    /// <summary>Why the value is not taken, in librdkafka's words; null: it is.</summary>
    public static string? Refusal(string name, string value)
    {
        var (result, why) = Try(name, value);
        return result == Taken ? null : why;
    }

    private static (int Result, string Why) Try(string name, string value)
    {
        if (name == Loads)
        {
            return (Taken, "");
        }

        var error = stackalloc byte[ErrorBytes];
        *error = 0;
        var configuration = Librdkafka.NewConfiguration();
        try
        {
            var result = Librdkafka.SetProperty(configuration, name, value, error, ErrorBytes);
            return (result, OneLine(Marshal.PtrToStringUTF8((nint)error)!));
        }
        finally
        {
            Librdkafka.DestroyConfiguration(configuration);
        }
    }

    // The words hold the value as it was written.
    private static string OneLine(string words) =>
        string.Concat(words.Select(letter => char.IsControl(letter) ? ' ' : letter)).TrimEnd(' ', '.');

    private static List<string> ReadNames()
    {
        var configuration = Librdkafka.NewConfiguration();
        var texts = Librdkafka.NamesAndValues(configuration, out var count);
        var names = new List<string>();
        for (nuint i = 0; i < count; i += 2)
        {
            names.Add(Marshal.PtrToStringUTF8((nint)texts[i])!);
        }

        Librdkafka.FreeNamesAndValues(texts, count);
        Librdkafka.DestroyConfiguration(configuration);
        return names;
    }
}
