using System.Text;
using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>Sources of configuration, as an operator would write them, in files of their own.</summary>
public sealed class Given : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-config-").FullName;
    private readonly Dictionary<string, string> environment = new(StringComparer.Ordinal);
    private readonly List<Setting> flags = [];
    private readonly StringBuilder annotations = new();
    private string? annotationsPath;
    private string? configPath;

    /// <summary>A service that is complete but for its subscriptions.</summary>
    public static Given AService() => new Given()
        .Variable("SIDECAR_SERVICE", "orders").Variable("SIDECAR_NAMESPACE", "shop")
        .Variable("SIDECAR_BOOTSTRAP_SERVERS", "kafka:9092");

    /// <summary>The same with one subscription.</summary>
    public static Given ASubscription(string value = "orders.v1") =>
        AService().Annotation("sidecar.events/subscription.orders", value);

    public string AnnotationsPath => Path.Combine(folder, "annotations");

    public string ConfigPath => Path.Combine(folder, "agent.yaml");

    public Given Annotation(string key, string value) => AnnotationLine($"{key}={GoQuote.Of(value)}");

    public Given AnnotationLine(string line)
    {
        annotationsPath = AnnotationsPath;
        annotations.Append(line).Append('\n');
        return this;
    }

    public Given NoAnnotations()
    {
        annotationsPath = AnnotationsPath;
        return this;
    }

    public Given AnnotationsAt(string path)
    {
        annotationsPath = path;
        return this;
    }

    public Given File(string text)
    {
        configPath = ConfigPath;
        System.IO.File.WriteAllText(ConfigPath, text);
        return this;
    }

    public Given FileAt(string path)
    {
        configPath = path;
        return this;
    }

    public Given Variable(string name, string value)
    {
        environment[name] = value;
        return this;
    }

    public Given WithoutVariable(string name)
    {
        environment.Remove(name);
        return this;
    }

    public Given Flag(string field, string value)
    {
        flags.Add(new Setting(Scope.Process, field, SettingValue.Of(value), Origin.Flag($"--{field}")));
        return this;
    }

    public ConfigurationResult Load()
    {
        if (annotationsPath == AnnotationsPath)
        {
            System.IO.File.WriteAllText(AnnotationsPath, annotations.ToString().TrimEnd('\n'));
        }

        return Configuration.Load(new ConfigurationSources(annotationsPath, configPath, environment, flags));
    }

    /// <summary>Loads what must be right.</summary>
    public ResolvedConfiguration Resolved()
    {
        var result = Load();
        Assert.That(result.Errors.Select(error => error.ToString()), Is.Empty);
        return result.Resolved!;
    }

    /// <summary>Loads what must have exactly one error; its line.</summary>
    public string OneError()
    {
        var errors = Load().Errors.Select(error => error.ToString()).ToList();
        Assert.That(errors, Has.Count.EqualTo(1), string.Join('\n', errors));
        return errors[0];
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
