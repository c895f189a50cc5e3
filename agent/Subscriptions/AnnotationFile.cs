namespace Sidecar.Agent.Subscriptions;

/// <summary>One annotation of the pod: its key, its value, and the line of the file that it stands on.</summary>
public sealed record Annotation(string Key, string Value, int Line);

/// <summary>
/// Reads what the Downward API writes for <c>metadata.annotations</c>: one line per annotation, <c>key="value"</c>,
/// the value
/// quoted by Go. Other programs' annotations are passed over unread, however long they are.
/// </summary>
public static class AnnotationFile
{
    /// <summary>What stands before our keys.</summary>
    public const string Prefix = "sidecar.events/";

    /// <summary>Our annotations, in the order of the file; adds what is wrong with their lines.</summary>
    public static List<Annotation> Read(string text, string path, ICollection<ConfigurationError> errors)
    {
        var annotations = new List<Annotation>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var untrimmed in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = untrimmed.TrimStart(' ');
            var equals = line.IndexOf('=');
            if (!IsOurs(line, equals))
            {
                continue;
            }

            var key = (equals < 0 ? line : line[..equals]).ToString();
            var origin = new Origin(Precedence.Annotation, key, null, $"{path}:{number}");
            var problem = "there is no equals sign: the line is not whole";
            var value = equals < 0 ? null : GoQuoted.Read(line[(equals + 1)..].TrimEnd(' '), out problem);
            if (value is null)
            {
                errors.Add(new ConfigurationError(
                    origin, null, problem,
                    "The file has lines of key=\"value\" as the Downward API writes metadata.annotations"));
            }
            else if (!seen.Add(key))
            {
                errors.Add(new ConfigurationError(origin, null, "the annotation stands there twice", "Remove one"));
            }
            else
            {
                annotations.Add(new Annotation(key, value, number));
            }
        }

        return annotations;
    }

    /// <summary>
    /// Keys that look like ours and are not: with a prefix that is nearly right, nobody would read them.
    /// </summary>
    public static IEnumerable<string> NearMisses(string text)
    {
        var misses = new List<string>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var slash = line.IndexOf('/');
            var equals = line.IndexOf('=');
            if (slash <= 0 || slash > equals || slash > Prefix.Length + 4 || line.StartsWith(Prefix))
            {
                continue;
            }

            if (Nearest.To(line[..slash].ToString(), [Prefix[..^1]]) is not null)
            {
                misses.Add(line[..equals].ToString());
            }
        }

        return misses;
    }

    /// <summary>The line begins with our prefix, or was cut short within it.</summary>
    private static bool IsOurs(ReadOnlySpan<char> line, int equals) =>
        line.StartsWith(Prefix) || (equals < 0 && line.Length > 0 && Prefix.AsSpan().StartsWith(line));
}
