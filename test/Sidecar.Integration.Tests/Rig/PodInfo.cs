using System.Runtime.InteropServices;
using System.Text;

namespace Sidecar.Integration.Tests.Rig;

/// <summary>
/// A volume of the Downward API with the pod's annotations, written as the kubelet does: each state in a folder of its own, and
/// a symbolic link, `..data`, that is swapped from one to the next in one step.
/// </summary>
internal sealed partial class PodInfo : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("podinfo-").FullName;
    private int states;

    public PodInfo(params (string Key, string Value)[] annotations)
    {
        Write(annotations);
        File.CreateSymbolicLink(Path, System.IO.Path.Combine("..data", "annotations"));
    }

    /// <summary>What the agent is given.</summary>
    public string Path => System.IO.Path.Combine(folder, "annotations");

    /// <summary>Another state of annotations, each with its key below our prefix.</summary>
    public void Write(params (string Key, string Value)[] annotations) =>
        Swap(string.Join('\n', annotations.Select(one => $"sidecar.events/{one.Key}=\"{Escaped(one.Value)}\"")));

    /// <summary>Another state with this text, or, with null, without the file.</summary>
    public void Swap(string? text)
    {
        var state = $"..2026_state_{++states}";
        Directory.CreateDirectory(At(state));
        if (text is not null) File.WriteAllText(At(state, "annotations"), text, new UTF8Encoding(false));
        File.CreateSymbolicLink(At("..data_tmp"), state);
        if (rename(At("..data_tmp"), At("..data")) != 0) throw new IOException($"rename: {Marshal.GetLastPInvokeErrorMessage()}");
        if (states > 1) Directory.Delete(At($"..2026_state_{states - 1}"), recursive: true);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    // .NET moves no link to a folder over another.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);

    private string At(params string[] names) => System.IO.Path.Combine([folder, .. names]);
}
