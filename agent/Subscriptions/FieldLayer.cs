using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Subscriptions;

/// <summary>Puts settings into options, the weakest first, and remembers where each field's value came from.</summary>
internal sealed class FieldLayer<TOptions>(
    TOptions options, Func<string, Field<TOptions>?> find, Func<Setting, ConfigurationError> unknown)
{
    private readonly Dictionary<string, Origin> origins = new(StringComparer.Ordinal);
    private readonly HashSet<string> failed = new(StringComparer.Ordinal);

    /// <summary>
    /// Sets every field. What a stronger setting covers is read too: whatever somebody wrote must be right.
    /// </summary>
    public void Apply(IEnumerable<Setting> settings, ICollection<ConfigurationError> errors)
    {
        foreach (var setting in settings.OrderBy(setting => setting.Origin.Precedence))
        {
            if (find(setting.Field) is not { } field)
            {
                errors.Add(unknown(setting));
            }
            else if (field.Set(setting.Value, options) is { } problem)
            {
                failed.Add(setting.Field);
                var value = field.IsSecret ? Redacted : setting.Value.ToString();
                errors.Add(new ConfigurationError(setting.Origin, value, problem.Problem, problem.Fix));
            }
            else
            {
                origins[setting.Field] = setting.Origin;
            }
        }
    }

    /// <summary>What stands for a value that must not be shown; says nothing about its length.</summary>
    public const string Redacted = "***";

    /// <summary>Somebody set the field, rightly or not.</summary>
    public bool IsSet(string field) => origins.ContainsKey(field) || failed.Contains(field);

    /// <summary>Where the field's value came from; null: nobody set it.</summary>
    public Origin? OriginOf(string field) => origins.GetValueOrDefault(field);

    /// <summary>One line of the configuration in force.</summary>
    /// <param name="field">The field.</param>
    /// <param name="path">Its full name.</param>
    /// <param name="otherwise">The origin where nobody set it.</param>
    public ConfigurationLine Line(Field<TOptions> field, string path, Origin otherwise) => new(
        path, field.IsSecret ? Redacted : field.Show(options), OriginOf(field.Name) ?? otherwise);

    /// <summary>
    /// Adds the rules that are broken, each at the stronger of its two fields. A field that could not be read breaks no
    /// rule: its own error says what is wrong.
    /// </summary>
    public void Report(IEnumerable<RuleBreak> broken, string about, ICollection<ConfigurationError> errors)
    {
        foreach (var rule in broken.Where(rule => !failed.Contains(rule.Field) && !failed.Contains(rule.Other)))
        {
            var first = OriginOf(rule.Field) ?? Origin.Default with { Key = rule.Field };
            var second = OriginOf(rule.Other) ?? Origin.Default;
            var (name, origin) = second.Precedence > first.Precedence ? (rule.Other, second) : (rule.Field, first);
            errors.Add(new ConfigurationError(origin, find(name)?.Show(options), rule.Problem + about, rule.Fix));
        }
    }
}
