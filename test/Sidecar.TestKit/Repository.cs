namespace Sidecar.TestKit;

/// <summary>The source tree that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>Sidecar.sln</c>.</summary>
    public static string Root { get; } = Find();

    /// <summary>A path below the root.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sidecar.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"no Sidecar.sln above {AppContext.BaseDirectory}: run inside the tree");
    }
}
