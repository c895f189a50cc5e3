using Sidecar.Agent.Health;

namespace Sidecar.Agent.Subscriptions;

/// <summary>How the question for an application's health is written.</summary>
internal static class HealthFormat
{
    private const string Named = "grpc:";

    /// <summary>The longest name of a service.</summary>
    private const int MaxName = 200;

    private static readonly (string Word, HealthMode Mode)[] Words =
    [
        ("auto", HealthMode.Auto), ("grpc", HealthMode.Grpc), ("tcp", HealthMode.Tcp), ("off", HealthMode.Off),
    ];

    /// <summary>One of the words, or <c>grpc:</c> with the name of a service.</summary>
    public static ValueFormat<HealthSetting> Setting { get; } = ValueFormat<HealthSetting>.OfText(
        "auto | grpc | grpc:SERVICE | tcp | off", Read, Show);

    private static Parsed<HealthSetting> Read(string text)
    {
        if (text.StartsWith(Named, StringComparison.Ordinal))
        {
            var name = text[Named.Length..];
            return name.Length is > 0 and <= MaxName && name.All(IsOfName)
                ? new Parsed<HealthSetting>(new HealthSetting(HealthMode.Grpc, name), null)
                : Parsed<HealthSetting>.Wrong(
                    "not the name of a service", "Write grpc: and the name, such as grpc:acme.orders.v1.OrderEventsService");
        }

        var found = Array.Find(Words, word => word.Word == text);
        return found.Word is null
            ? Parsed<HealthSetting>.Wrong(
                "not one of its words",
                $"{Nearest.Question(text, Words.Select(word => word.Word))}Use one of: {Setting.Limits}")
            : new Parsed<HealthSetting>(new HealthSetting(found.Mode, ""), null);
    }

    private static bool IsOfName(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or '/';

    private static string Show(HealthSetting setting) => setting.Service.Length > 0
        ? Named + setting.Service
        : Words.First(word => word.Mode == setting.Mode).Word;
}
