using System.Text;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Reads a whole file of configuration, up to a limit.</summary>
public static class SourceText
{
    /// <summary>
    /// The largest file of annotations. The API server allows 256 KiB for all annotations of a pod, and escapes make at
    /// most ten characters of one.
    /// </summary>
    public const int MaxAnnotationsBytes = 4 * 1024 * 1024;

    /// <summary>The largest configuration file.</summary>
    public const int MaxConfigBytes = 1024 * 1024;

    /// <summary>The text of the file; null, with an error, where it cannot be had.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">The flag or variable that named it.</param>
    /// <param name="maxBytes">The limit.</param>
    /// <param name="errors">Takes the error.</param>
    public static string? Read(string path, Origin source, int maxBytes, ICollection<ConfigurationError> errors)
    {
        var (text, problem, fix) = Read(path, maxBytes);
        if (text is null)
        {
            errors.Add(new ConfigurationError(source, path, problem, fix));
        }

        return text;
    }

    private static (string? Text, string Problem, string Fix) Read(string path, int maxBytes)
    {
        const string mount = "Mount it, or correct the path";
        try
        {
            if (Directory.Exists(path))
            {
                return (null, "this is a directory", "Name the file inside of it");
            }

            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[maxBytes + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > maxBytes)
            {
                return (null, $"the file is larger than {maxBytes / 1024} KiB", "Make it smaller: it is read whole");
            }

            // Bytes that are not UTF-8 become a mark that no key or number contains, and are refused where they matter.
            return (Encoding.UTF8.GetString(bytes, 0, length).TrimStart('\uFEFF'), "", "");
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, "the file does not exist", mount);
        }
        catch (UnauthorizedAccessException)
        {
            return (null, "the file cannot be read: permission denied", "Let this user read it (mode 0444)");
        }
        catch (Exception other) when (other is IOException or ArgumentException or NotSupportedException)
        {
            return (null, "the file cannot be read", mount);
        }
    }
}
