using System.Text;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// The file whose text Kubernetes shows as the reason of a container's end, in <c>kubectl describe pod</c>. The kubelet makes
/// it before the container starts: where it is not there, nobody would read it, and nothing is written.
/// </summary>
public static class TerminationLog
{
    /// <summary>Where Kubernetes has it unless the pod says otherwise.</summary>
    public const string DefaultPath = "/dev/termination-log";

    /// <summary>Bytes that Kubernetes keeps of it.</summary>
    public const int MaxBytes = 4096;

    /// <summary>Writes why the process ends; the end of a text that is too long is cut.</summary>
    public static void Write(string path, string reason)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(reason);
        try
        {
            File.WriteAllBytes(path, bytes.Length <= MaxBytes ? bytes : bytes[..MaxBytes]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The same stands on standard error; a second way to say it must not change how the process ends.
        }
    }
}
