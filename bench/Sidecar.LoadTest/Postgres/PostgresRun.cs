using System.Text;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Postgres;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest.Postgres;

/// <summary>Runs the parts one after the other, each on a PostgreSQL of its own, and writes their sections down.</summary>
internal static class PostgresRun
{
    /// <returns>Whether the account of every part is right.</returns>
    public static async Task<bool> RunAsync(PgLoadOptions options, KafkaServer kafka)
    {
        var found = PostgresDistribution.Find();
        var distribution = found.FirstOrDefault(one => options.Server == 0 || one.Major == options.Server)
            ?? throw new InvalidOperationException(
                $"no PostgreSQL {(options.Server == 0 ? "" : options.Server)} to start: set POSTGRES_HOME, or install Debian's");
        Console.Error.WriteLine($"loadtest: {distribution}");
        var sections = new List<Section>();
        foreach (var part in options.Parts)
        {
            Console.Error.WriteLine($"loadtest: {part}");
            string[] settings = part == "idle" ? [IdlePart.ServerSetting] : [];
            await using var bed = await Bed.MakeAsync(options, kafka, distribution, settings);
            IReadOnlyList<Section> made = part switch
            {
                "drain" => [await DrainPart.RunAsync(options, bed)],
                "live" => await LivePart.RunAsync(options, bed),
                "writers" => [await WritersPart.RunAsync(options, bed)],
                "idle" => [await IdlePart.RunAsync(options, bed)],
                "size" => [await SizePart.RunAsync(options, bed)],
                _ => throw new InvalidOperationException($"{part} is no part"),
            };
            foreach (var section in made) Console.WriteLine(section.ToMarkdown());
            sections.AddRange(made);
        }

        if (options.Results is { } folder)
        {
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, FileName(options, distribution, found[0]));
            await File.WriteAllTextAsync(file, Describe(options, kafka, distribution, sections));
            Console.Error.WriteLine($"loadtest: {file}");
        }

        return sections.TrueForAll(section => section.IsRight);
    }

    private static string FileName(PgLoadOptions options, PostgresDistribution used, PostgresDistribution first) =>
        "outbox-relay-postgres" + (options.Mode == "table" ? "" : $"-{options.Mode}")
        + (used.Major == first.Major ? "" : $"-{used.Major}") + ".md";

    private static string Describe(
        PgLoadOptions options, KafkaServer kafka, PostgresDistribution distribution, IEnumerable<Section> sections)
    {
        var program = Programs.OutboxRelay.IsPublished ? "native program" : "build output on the JIT: not what is shipped";
        var text = new StringBuilder()
            .AppendLine($"# outbox-relay on PostgreSQL {distribution.Major}, mode {options.Mode}").AppendLine()
            .AppendLine($"* Program: {program}, commit {Machine.Commit()}")
            .AppendLine($"* Machine: {Machine.Describe()}; PostgreSQL, Kafka, relay, writers and reader all on it")
            .AppendLine($"* PostgreSQL {distribution.Version}: fsync and synchronous_commit on, full_page_writes on, "
                + string.Join(", ", Bed.ServerSettings(options.Mode)))
            .AppendLine($"* Kafka: {kafka.Name}, topic of {options.Partitions} partitions")
            .AppendLine($"* Date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd}").AppendLine();
        if (options.RelayArguments.Count > 0)
            text.AppendLine($"Relay: `{string.Join(' ', options.RelayArguments)}`").AppendLine();
        foreach (var section in sections) text.Append(section.ToMarkdown());
        return text.ToString().TrimEnd() + "\n";
    }
}
