using DotNet.Testcontainers.Builders;
using Testcontainers.PostgreSql;

namespace Sidecar.TestKit.Postgres;

/// <summary>PostgreSQL in a container, where a Docker engine answers.</summary>
public sealed class ContainerPostgres : PostgresServer
{
    /// <summary>The image; <c>POSTGRES_IMAGE</c> names another one.</summary>
    public const string DefaultImage = "postgres:18";

    /// <summary>How long the image may take to be pulled and the server to come up.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    private readonly PostgreSqlContainer container;

    private ContainerPostgres(PostgreSqlContainer container, string image)
    {
        this.container = container;
        Name = $"{image} (Testcontainers)";
    }

    public override string Name { get; }

    public override string ConnectionString => container.GetConnectionString();

    /// <summary>Starts the container, or says why it cannot: no engine, or no image.</summary>
    /// <param name="options">Its settings; those that only a server of our own can have are left out.</param>
    public static async Task<PostgresStart> TryStartAsync(LocalPostgresOptions options)
    {
        var image = Environment.GetEnvironmentVariable("POSTGRES_IMAGE") is { Length: > 0 } named ? named : DefaultImage;
        using var timeout = new CancellationTokenSource(StartTimeout, TimeProvider.System);
        PostgreSqlContainer? started = null;
        try
        {
            string[] arguments = [.. options.Lines().SelectMany(line => (string[])["-c", line])];
            started = new PostgreSqlBuilder(image).WithCommand(arguments).Build();
            await started.StartAsync(timeout.Token);
            return new PostgresStart(new ContainerPostgres(started, image), "");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (started is not null) await started.DisposeAsync();
            var reason = e is DockerUnavailableException
                ? "no Docker engine answers"
                : $"no container of {image}: {e.Message.Split('\n')[0].Trim()}";
            return new PostgresStart(null,
                "no PostgreSQL: TEST_POSTGRES and POSTGRES_HOME are not set, " +
                $"{PostgresDistribution.DebianFolder} is not there, and {reason}");
        }
    }

    public override ValueTask DisposeAsync() => container.DisposeAsync();
}
