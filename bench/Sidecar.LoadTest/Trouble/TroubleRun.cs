using System.Text;
using Sidecar.TestKit.Kafka;
using Sidecar.TestKit.Processes;

namespace Sidecar.LoadTest.Trouble;

/// <summary>Runs the parts one after the other, each on a topic of its own, and writes their sections down.</summary>
internal static class TroubleRun
{
    /// <returns>Whether the account of every part is right.</returns>
    public static async Task<bool> RunAsync(TroubleOptions options, KafkaServer kafka)
    {
        var sections = new List<Section>();
        foreach (var part in options.Parts)
        {
            Console.Error.WriteLine($"loadtest: {part}");
            using var bed = await Bed.MakeAsync(kafka);
            var made = part switch
            {
                "outage" => await OutagePart.RunAsync(options, bed),
                "workers" => await WorkersPart.RunAsync(bed),
                "failing" => await FailingPart.RunAsync(options, bed),
                "refused" => await RefusedPart.RunAsync(options, bed),
                "random" => await RandomPart.RunAsync(options, bed),
                _ => throw new InvalidOperationException($"{part} is no part"),
            };
            Console.WriteLine(made.ToMarkdown());
            sections.Add(made);
            if (options.Results is { } folder) await WriteAsync(folder, $"agent-{part}.md", kafka, made);
        }

        return sections.TrueForAll(section => section.IsRight);
    }

    private static async Task WriteAsync(string folder, string name, KafkaServer kafka, Section section)
    {
        Directory.CreateDirectory(folder);
        var program = Programs.Agent.IsPublished ? "native program" : "build output on the JIT: not what is shipped";
        var text = new StringBuilder()
            .AppendLine("# agent, application in trouble").AppendLine()
            .AppendLine($"* Program: {program}, commit {Machine.Commit()}")
            .AppendLine($"* Machine: {Machine.Describe()}; broker, producer and application on the same machine")
            .AppendLine($"* Kafka: {kafka.Name}, topic of {Bed.Partitions} partitions, {Bed.Keys:N0} keys")
            .AppendLine($"* Date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd}").AppendLine()
            .Append(section.ToMarkdown());
        var file = Path.Combine(folder, name);
        await File.WriteAllTextAsync(file, text.ToString().TrimEnd() + "\n");
        Console.Error.WriteLine($"loadtest: {file}");
    }
}
