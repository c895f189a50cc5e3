using System.Runtime.InteropServices;

namespace Sidecar.Demo.Processes;

/// <summary>
/// Where the four programs are: beside this one in the build output, in the same configuration; the two sidecars, if
/// asked for, in a folder of published ones.
/// </summary>
internal sealed class Programs
{
    private readonly string? _published;
    private readonly string _root;
    private readonly string _output;

    /// <exception cref="DemoFailedException">
    /// This program does not stand in the build output, or one of the four is missing.
    /// </exception>
    public Programs(string? published)
    {
        _published = published;
        // .../samples/Demo/bin/Release/net10.0/
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        _root = here.Parent?.Parent?.Parent?.Parent?.Parent?.FullName ?? "";
        _output = Path.Combine("bin", here.Parent?.Name ?? "", here.Name);
        if (!File.Exists(Path.Combine(_root, "Sidecar.sln")))
        {
            throw new DemoFailedException(
                $"The demo runs from its build output in the repository, not from {here.FullName}.");
        }

        Agent = Sidecar("agent", "agent");
        OutboxRelay = Sidecar("outbox-relay", "outbox-relay");
        Consumer = Built("orders-consumer", Path.Combine("samples", "Orders.Consumer"));
        Producer = Built("orders-producer", Path.Combine("samples", "Orders.Producer"));
    }

    public ProgramCommand Agent { get; }

    public ProgramCommand OutboxRelay { get; }

    public ProgramCommand Consumer { get; }

    public ProgramCommand Producer { get; }

    private ProgramCommand Sidecar(string name, string project)
    {
        if (_published is null)
        {
            return Built(name, project);
        }

        var file = Path.Combine(Path.GetFullPath(_published), name, name + (OperatingSystem.IsWindows() ? ".exe" : ""));
        return File.Exists(file)
            ? new ProgramCommand(name, file, [])
            : throw new DemoFailedException($"There is no {file}. ./eng/publish {_published} puts it there.");
    }

    /// <summary>
    /// By the .NET that runs this program: a launcher would look for one in places where it need not be.
    /// </summary>
    private ProgramCommand Built(string name, string project)
    {
        var dll = Path.Combine(_root, project, _output, $"{name}.dll");
        return File.Exists(dll)
            ? new ProgramCommand(name, DotnetPath(), [dll])
            : throw new DemoFailedException($"There is no {dll}. ./eng/demo builds it.");
    }

    private static string DotnetPath()
    {
        // .../dotnet/shared/Microsoft.NETCore.App/10.0.0/
        var dotnet = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..");
        return Path.GetFullPath(Path.Combine(dotnet, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
    }
}
