using Microsoft.CodeAnalysis.CSharp.Syntax;
using Sidecar.Tidy.Tests.Reading;

namespace Sidecar.Tidy.Tests.Rules;

/// <summary>
/// Who waits for what: no task that nobody owns, no thread that stands still for one, no test that hopes for time to do
/// it.
/// </summary>
public static class Waiting
{
    /// <summary>Places that may, with the reason: the file, and what it does there.</summary>
    public static IReadOnlyDictionary<(string File, string What), string> Allowed { get; } =
        new Dictionary<(string File, string What), string>
        {
            [("agent/Source/RetryTopics.cs", "GetAwaiter().GetResult()")] =
                "a topic is created on the retry reader's own thread, which has nothing else to do until it is there",
            [("agent/DeadLetter/DeadLetterProducer.cs", "Task.Run")] =
                "librdkafka answers metadata requests synchronously, for seconds if no broker does; it is awaited",
            [("outbox-relay/Hosting/RelayHost.cs", "Task.Run")] =
                "the relay's one loop gets a thread of the pool, since it asks the database synchronously; it is awaited",
            [("outbox-relay/Publish/KafkaPublisher.cs", "Task.Run")] =
                "librdkafka answers metadata requests synchronously, for seconds if no broker does; all are awaited",
            [("outbox-relay/Doctor/TopicChecks.cs", "Task.Run")] =
                "librdkafka answers metadata requests synchronously; the command has nothing else to do, and awaits it",
        };

    /// <summary>For the products: what they do at run time.</summary>
    public static IEnumerable<Finding> CheckProduct(Project project) =>
        project.Files.SelectMany(file => Product(project, file))
            .Where(found => !Allowed.ContainsKey((found.Finding.File, found.What))).Select(found => found.Finding);

    /// <summary>What an allowance is for is still there.</summary>
    public static IEnumerable<Finding> CheckAllowances(IReadOnlyList<Project> projects)
    {
        var there = projects.SelectMany(project => project.Files.SelectMany(file => Product(project, file)))
            .Select(found => (found.Finding.File, found.What)).ToHashSet();
        return Allowed.Keys.Where(key => !there.Contains(key))
            .Select(key => new Finding(key.File, 0, $"{key.What} is allowed here and no longer done"));
    }

    /// <summary>For tests: they wait for what they wait for, not for time to pass.</summary>
    public static IEnumerable<Finding> CheckTest(SourceFile file)
    {
        foreach (var call in file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            var called = call.Expression.ToString();
            var first = call.ArgumentList.Arguments.FirstOrDefault()?.ToString() ?? "";
            var isSleep = called == "Thread.Sleep";
            // A wait without end is a wait for its cancellation; one on a fake clock takes no time.
            var isDelay = called == "Task.Delay" && !first.Contains("Infinite", StringComparison.Ordinal)
                && !call.ArgumentList.Arguments.Skip(1).Any(argument => IsFakeClock(argument.ToString()));
            if (isSleep || isDelay) yield return file.Finding(call,
                $"{called}: wait for the event itself (Until), or on a fake clock");
        }
    }

    private static bool IsFakeClock(string argument) =>
        argument.Contains("time", StringComparison.OrdinalIgnoreCase) && argument != "TimeProvider.System";

    private static IEnumerable<(Finding Finding, string What)> Product(Project project, SourceFile file)
    {
        foreach (var node in file.Root.DescendantNodes())
        {
            var what = node switch
            {
                MethodDeclarationSyntax method when IsAsyncVoid(method.Modifiers.ToString(), method.ReturnType) =>
                    "async void",
                LocalFunctionStatementSyntax local when IsAsyncVoid(local.Modifiers.ToString(), local.ReturnType) =>
                    "async void",
                MemberAccessExpressionSyntax access => OfTask(project, file, access),
                _ => null,
            };
            if (what is not null) yield return (file.Finding(node, $"{what}: see Waiting.Allowed for who may"), what);
        }
    }

    private static bool IsAsyncVoid(string modifiers, TypeSyntax type) =>
        modifiers.Contains("async", StringComparison.Ordinal) && type.ToString() == "void";

    private static string? OfTask(Project project, SourceFile file, MemberAccessExpressionSyntax access) =>
        access.Name.Identifier.Text switch
        {
            "Run" when access.Expression.ToString() is "Task" => "Task.Run",
            "StartNew" when access.Expression.ToString() is "Task.Factory" => "Task.Run",
            "GetResult" when access.Expression.ToString().EndsWith("GetAwaiter()", StringComparison.Ordinal) =>
                "GetAwaiter().GetResult()",
            "Result" or "Wait" when IsTask(project, file, access.Expression) => "." + access.Name.Identifier.Text,
            _ => null,
        };

    private static bool IsTask(Project project, SourceFile file, ExpressionSyntax expression) =>
        project.TypeOf(file, expression) is { Name: "Task" or "ValueTask" } type
        && type.ContainingNamespace.ToString() == "System.Threading.Tasks";
}
