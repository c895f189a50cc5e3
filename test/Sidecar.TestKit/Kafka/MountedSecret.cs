using System.Runtime.InteropServices;

namespace Sidecar.TestKit.Kafka;

/// <summary>
/// A mounted Secret: a directory whose files are links into another one, which is swapped in one step, as the kubelet does
/// it.
/// </summary>
public sealed partial class MountedSecret : IDisposable
{
    private readonly string root = System.IO.Directory.CreateTempSubdirectory("sidecar-secret-").FullName;
    private readonly Dictionary<string, string> files = new(StringComparer.Ordinal);
    private int version;

    public MountedSecret() => Publish();

    /// <summary>Where it is mounted.</summary>
    public string Directory => Path.Combine(root, "mounted");

    /// <summary>A Secret with a user and a password.</summary>
    public static MountedSecret Of(string username, string password) =>
        new MountedSecret().With("username", username).With("password", password);

    /// <summary>Puts a file into it, or takes it away.</summary>
    public MountedSecret With(string name, string? text)
    {
        if (text is null) files.Remove(name);
        else files[name] = text;
        Publish();
        return this;
    }

    /// <summary>Puts a client's certificate and its key into it, both in one step.</summary>
    public MountedSecret With(CertificateAndKey pair)
    {
        (files["tls.crt"], files["tls.key"]) = (pair.Certificate, pair.Key);
        Publish();
        return this;
    }

    public void Dispose() => System.IO.Directory.Delete(root, recursive: true);

    private void Publish()
    {
        var (data, next) = (Path.Combine(Directory, $"..{++version}"), Path.Combine(Directory, "..next"));
        System.IO.Directory.CreateDirectory(data);
        foreach (var (name, text) in files)
        {
            var link = new FileInfo(Path.Combine(Directory, name));
            File.WriteAllText(Path.Combine(data, name), text);
            if (link.LinkTarget is null) link.CreateAsSymbolicLink(Path.Combine("..data", name));
        }

        File.CreateSymbolicLink(next, Path.GetFileName(data));
        // The platform's own ways to move a file follow the link.
        if (rename(next, Path.Combine(Directory, "..data")) != 0) throw new IOException("the Secret could not be swapped");
        foreach (var link in new DirectoryInfo(Directory).EnumerateFileSystemInfos()
                     .Where(file => file.Name[0] != '.' && !files.ContainsKey(file.Name)))
            link.Delete();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rename(string from, string to);
}
