using Sidecar.Agent.Subscriptions;

namespace Sidecar.Agent.Tests.Subscriptions;

/// <summary>Texts that were damaged by chance, from a fixed seed: they are read or refused, and never worse.</summary>
public sealed class FuzzTests
{
    private const int Rounds = 3000;

    private static readonly string[] Annotations =
    [
        "kubectl.kubernetes.io/x=\"{\\\"a\\\":1}\\n\"\nsidecar.events/defaults=\"attempts=3; backoff=1s..1m\"\n"
        + "sidecar.events/subscription.orders=\"orders.v1; ordering=key; app-address=\\\"unix:/a\\\"\"\n"
        + "sidecar.events/subscription.pay=\"topics: [a, b]\\nmethod: /a.B/C\\n\"\n"
        + "sidecar.events/subscription.pay.concurrency=\"7\"\n"
        + "sidecar.events/outbox.a=\"\\u00e9\\U0001f600\\xc3\\xa9\\101\"",
    ];

    private static readonly string[] Files =
    [
        "service: orders\nnamespace: shop\nbootstrap-servers: [a:1, b:2]\nkafka:\n  ssl.cipher.suites: HIGH\n"
        + "defaults: {attempts: 3}\nsubscriptions:\n  orders:\n    topics:\n"
        + "    - orders.v1\n    backoff: 1s..1m # why\n"
        + "  pay: 'pay.v1; attempts=4'\n",
        "{\"service\": \"orders\", \"subscriptions\": {\"orders\": {\"topics\": [\"a\", \"b\"], \"attempts\": 3}}}",
        "a: |\n  x\n  y\nb: >-\n  z\n\"c\": \"\\u00e9\\x41\\\n  d\"\n? e\n: f\n--- \n...\n&a *a !t %TAG",
    ];

    private static readonly string[] Pieces =
    [
        "\"", "\\", "=", ";", ":", ": ", "\n", "\t", "- ", "{", "}", "[", "]", ",", "&a ", "*a", "!!x ", "|\n", ">\n",
        "---\n", "%", "? ", "#", "'", "\0", "\uFEFF", "\uD800", "\u2028", "\\x", "\\U00110000",
        "sidecar.events/", "..", "99999999999999999999", "@", "`",
    ];

    [TestCase(1)]
    [TestCase(2)]
    public void Damaged_annotations_end_in_settings_or_in_errors(int seed) => Run(seed, Annotations, text =>
    {
        var settings = new List<Setting>();
        var errors = new List<ConfigurationError>();
        Agent.Subscriptions.Annotations.Read(AnnotationFile.Read(text, "f", errors), "f", settings, errors);
        _ = AnnotationFile.NearMisses(text).Count();
        Resolver.Resolve(settings, errors);
        return errors;
    });

    [TestCase(3)]
    [TestCase(4)]
    public void A_damaged_file_ends_in_settings_or_in_errors(int seed) => Run(seed, Files, text =>
    {
        var settings = new List<Setting>();
        var errors = new List<ConfigurationError>();
        YamlSettings.ReadFile(text, "f", settings, errors);
        Resolver.Resolve(settings, errors);
        return errors;
    });

    private static void Run(int seed, string[] texts, Func<string, List<ConfigurationError>> read)
    {
        var random = new Random(seed);
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var text = texts[random.Next(texts.Length)];
            for (var damage = random.Next(1, 6); damage > 0; damage--)
            {
                text = Damage(text, random);
            }

            try
            {
                var errors = read(text);
                refused += errors.Count > 0 ? 1 : 0;
                Assert.That(errors.Select(error => error.ToString()), Has.None.Contains("\n"));
            }
            catch (Exception worse) when (worse is not AssertionException)
            {
                Assert.Fail($"seed {seed}, round {round}: {worse}\n{text}");
            }
        }

        Assert.That(refused, Is.GreaterThan(Rounds / 10), "the damage does nothing");
    }

    private static string Damage(string text, Random random)
    {
        var at = random.Next(text.Length + 1);
        var to = Math.Min(text.Length, at + random.Next(8));
        return random.Next(5) switch
        {
            0 => text[..at],
            1 => text.Remove(at, to - at),
            2 => text.Insert(at, text[at..to]),
            _ => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
        };
    }
}
