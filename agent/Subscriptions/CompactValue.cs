using System.Text;

namespace Sidecar.Agent.Subscriptions;

/// <summary>
/// Reads the compact form: <c>orders.v1; ordering=key; concurrency=32</c>. What stands first without a name are the
/// topics;
/// a value that holds a semicolon is quoted, with <c>\"</c> and <c>\\</c>.
/// </summary>
public static class CompactValue
{
    /// <summary>Adds what the text sets, or what is wrong with it.</summary>
    public static void Read(
        string text, Scope scope, Origin origin, List<Setting> settings, ICollection<ConfigurationError> errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var parts = Split(text);
        if (parts.Count > 1 && parts[^1].Length == 0)
        {
            parts.RemoveAt(parts.Count - 1);
        }

        for (var i = 0; i < parts.Count; i++)
        {
            var equals = parts[i].IndexOf('=', StringComparison.Ordinal);
            if (parts[i].Length == 0)
            {
                // Topics may stand in an annotation of their own; who has none at all is told so later.
                if (i > 0)
                {
                    errors.Add(new ConfigurationError(
                        origin, text, "there is nothing between two semicolons", "Remove one of them"));
                }

                continue;
            }

            if (equals < 0 && i > 0)
            {
                errors.Add(new ConfigurationError(
                    origin, text, $"{ConfigurationError.Shown(parts[i])} is not key=value",
                    "Topics come first, then key=value"));
                continue;
            }

            var key = equals < 0 ? SubscriptionFields.Topics : parts[i][..equals].Trim();
            if (!seen.Add(key))
            {
                errors.Add(new ConfigurationError(
                    origin.Within(key), text, "the key stands there twice", "Remove one"));
                continue;
            }

            var value = equals < 0 ? parts[i] : Unquote(parts[i][(equals + 1)..].Trim());
            if (value is null)
            {
                errors.Add(new ConfigurationError(
                    origin.Within(key), parts[i], "the quotes do not match",
                    "Quote the whole value; inside of it write \\\" for a quote and \\\\ for a backslash"));
                continue;
            }

            settings.Add(new Setting(scope, key, SettingValue.Of(value), origin.Within(key)));
        }
    }

    /// <summary>Cuts at semicolons that stand outside of quotes. Quotes begin only behind an equals sign.</summary>
    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var (start, quoted, before) = (0, false, '\0');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '\\')
            {
                i++;
                continue;
            }

            if (c == '"' && (quoted || before == '='))
            {
                quoted = !quoted;
            }
            else if (c == ';' && !quoted)
            {
                parts.Add(text[start..i].Trim());
                start = i + 1;
            }

            before = char.IsWhiteSpace(c) ? before : c;
        }

        parts.Add(text[start..].Trim());
        return parts;
    }

    private static string? Unquote(string value)
    {
        if (!value.StartsWith('"'))
        {
            return value;
        }

        var plain = new StringBuilder(value.Length);
        for (var i = 1; i < value.Length; i++)
        {
            switch (value[i])
            {
                case '"':
                    return i == value.Length - 1 ? plain.ToString() : null;
                case '\\' when i + 1 < value.Length && value[i + 1] is '"' or '\\':
                    plain.Append(value[++i]);
                    break;
                case '\\':
                    return null;
                default:
                    plain.Append(value[i]);
                    break;
            }
        }

        return null;
    }
}
