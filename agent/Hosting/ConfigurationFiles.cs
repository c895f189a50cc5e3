using System.IO.Hashing;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Hosting;

/// <summary>
/// Tells when the files of the configuration have changed, by their content. The kubelet swaps a symbolic link beside the file
/// (`..data`): what watches the file misses that, and what watches its folder is told several times of one edit, and never where
/// the file system is a network's. A file of annotations is small, and reading it costs microseconds.
/// </summary>
/// <remarks>Not for more than one thread.</remarks>
internal sealed class ConfigurationFiles(IReadOnlyList<string> paths)
{
    private readonly byte[] buffer = new byte[16 * 1024];
    private UInt128 settled;
    private UInt128 last;

    /// <summary>
    /// Looks. True: the content is another than it was, and the same as at the last look; so also once after the start, since
    /// what was read then may have changed in between. A file that somebody is about to write
    /// is not taken by half, unless the writer pauses for as long as one look takes.
    /// </summary>
    public bool HaveChanged()
    {
        var now = Fingerprint();
        var isStable = now == last;
        last = now;
        if (!isStable || now == settled)
        {
            return false;
        }

        settled = now;
        return true;
    }

    private UInt128 Fingerprint()
    {
        var hash = new XxHash128();
        foreach (var path in paths)
        {
            try
            {
                Add(path, hash);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It is being replaced, or gone: another state than any content. Reading it in earnest says why.
                hash.Append("\0gone"u8);
            }
        }

        return hash.GetCurrentHashAsUInt128();
    }

    private void Add(string path, XxHash128 hash)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var total = 0L;
        for (var read = file.Read(buffer); read > 0 && total <= SourceText.MaxAnnotationsBytes; read = file.Read(buffer))
        {
            hash.Append(buffer.AsSpan(0, read));
            total += read;
        }
    }
}
