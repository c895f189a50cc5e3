using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>No two files use each other, in however wide a circle.</summary>
public static class Cycles
{
    public static IEnumerable<Finding> Check(Project project)
    {
        var uses = project.Uses.ToLookup(use => use.From);
        var reported = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in project.Files)
        {
            if (FindWayBack(start, uses) is not { } circle) continue;
            // The same circle is found from each of its files.
            var members = string.Join(' ', circle.Select(use => use.From.Path).Order(StringComparer.Ordinal));
            if (!reported.Add(members)) continue;
            var way = string.Join(" -> ", circle.Select(use => $"{use.From.Name} ({use.Type})"));
            yield return circle[0].From.Finding(circle[0].Place,
                $"files use each other in a circle: {way} -> {start.Name}");
        }
    }

    // The shortest way from a file to itself, by breadth first.
    private static List<Use>? FindWayBack(SourceFile start, ILookup<SourceFile, Use> uses)
    {
        var arrivedBy = new Dictionary<SourceFile, Use>();
        var queue = new Queue<SourceFile>([start]);
        while (queue.TryDequeue(out var file))
        {
            foreach (var use in uses[file])
            {
                if (!arrivedBy.TryAdd(use.To, use)) continue;
                if (use.To == start) return Way(start, arrivedBy);
                queue.Enqueue(use.To);
            }
        }

        return null;
    }

    private static List<Use> Way(SourceFile start, Dictionary<SourceFile, Use> arrivedBy)
    {
        List<Use> way = [arrivedBy[start]];
        while (way[^1].From != start) way.Add(arrivedBy[way[^1].From]);
        way.Reverse();
        return way;
    }
}
