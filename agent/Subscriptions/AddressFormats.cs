using System.Globalization;
using System.Net;
using System.Text;
using Sidecar.Agent.Delivery;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Where the application listens, and where Kafka does.</summary>
internal static class AddressFormats
{
    /// <summary>The path of a file.</summary>
    public static ValueFormat<string> File { get; } = ValueFormat<string>.OfText(
        "/path",
        text => text.StartsWith('/')
            ? new Parsed<string>(text, null)
            : Parsed<string>.Wrong("not a path from the root", "Write it with a slash first, such as /dev/termination-log"),
        value => value);

    private const string Unix = "unix:";

    /// <summary>
    /// A port of this machine, or a Unix socket. An application elsewhere would get events over the network,
    /// unprotected.
    /// </summary>
    public static ValueFormat<string> App { get; } = ValueFormat<string>.OfText(
        "host:port on this machine, or unix:/path",
        text => text.StartsWith(Unix, StringComparison.Ordinal) ? Socket(text) : Loopback(text),
        value => value);

    /// <summary>Addresses of brokers.</summary>
    public static ValueFormat<string> Brokers { get; } = new(
        "host:port, separated by commas",
        value =>
        {
            const string fix = "Write host:port, several separated by commas, such as kafka-0:9092,kafka-1:9092";
            var brokers = (value.Items ?? value.Text!.Split(',')).Select(broker => broker.Trim()).ToList();
            var wrong = brokers.Find(broker => Split(broker) is null);
            return brokers.Count == 0 || wrong is { Length: 0 }
                ? Parsed<string>.Wrong("an address is empty", fix)
                : wrong is not null
                    ? Parsed<string>.Wrong($"{ConfigurationError.Shown(wrong)} is not host:port", fix)
                    : new Parsed<string>(string.Join(',', brokers), null);
        },
        value => value);

    private static Parsed<string> Socket(string text)
    {
        // gRPC also knows the form with three slashes.
        var path = text[Unix.Length..];
        path = path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
        if (!path.StartsWith('/') || path.StartsWith("//", StringComparison.Ordinal) || path.Length < 2)
        {
            return Parsed<string>.Wrong(
                "the path of a Unix socket must be absolute", "Write it as unix:/run/app/grpc.sock");
        }

        var bytes = Encoding.UTF8.GetByteCount(path);
        return bytes > DeliveryOptionsRules.MaxUnixPathBytes
            ? Parsed<string>.Wrong(
                $"the path has {bytes} bytes, and a Unix socket's has at most {DeliveryOptionsRules.MaxUnixPathBytes}",
                "Mount the shared volume at a shorter path")
            : path.Contains('\0', StringComparison.Ordinal)
                ? Parsed<string>.Wrong("the path holds a zero byte", "Write it as unix:/run/app/grpc.sock")
                : new Parsed<string>(Unix + path, null);
    }

    private static Parsed<string> Loopback(string text)
    {
        const string fix = "Write host:port on this machine, such as 127.0.0.1:50051, or unix:/path";
        if (text.Contains("://", StringComparison.Ordinal))
        {
            return Parsed<string>.Wrong("an address has no scheme", fix);
        }

        if (Split(text) is not { } parts)
        {
            return Parsed<string>.Wrong("not host:port", fix);
        }

        var isLocal = parts.Host == "localhost"
            || (IPAddress.TryParse(parts.Host, out var ip) && IPAddress.IsLoopback(ip));
        return isLocal
            ? new Parsed<string>(text, null)
            : Parsed<string>.Wrong(
                $"the host {parts.Host} is not this machine (127.0.0.0/8, [::1] or localhost)",
                "The application runs in the same pod: write 127.0.0.1 and its port");
    }

    private static (string Host, int Port)? Split(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > IPEndPoint.MaxPort)
        {
            return null;
        }

        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            return IPAddress.TryParse(host[1..^1], out _) ? (host[1..^1], port) : null;
        }

        return host.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? (host, port) : null;
    }
}
