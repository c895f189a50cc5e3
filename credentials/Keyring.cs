using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sidecar.Credentials;

/// <summary>A keyring, or everything that keeps one from being made.</summary>
public sealed record KeyringOpening(Keyring? Keyring, IReadOnlyList<SecurityProblem> Problems);

/// <summary>
/// The credentials in force. Whoever has a client looks at <see cref="Current"/> from time to time, on the client's own
/// thread, and acts when it is another than it knows; the files are looked at on the way. What cannot be used never comes
/// into force: those of before stay. Any thread; one lock.
/// </summary>
public sealed class Keyring
{
    /// <summary>
    /// The longest that a change of the files goes unseen. They are looked at and not watched: a mounted Secret changes by
    /// the swap of a link two levels up, and the kubelet itself takes a minute to make it.
    /// </summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Lock guard = new();
    private readonly SecurityOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private volatile KafkaCredentials current;
    private volatile string? problem;
    private long lookedAt;

    private Keyring(SecurityOptions options, KafkaCredentials current, TimeProvider time, ILogger log)
    {
        (this.options, this.current, this.time, this.log) = (options, current, time, log);
        lookedAt = time.GetTimestamp();
    }

    /// <summary>Why the files as they are now cannot be used, while those of before are in force; null: they can.</summary>
    public string? Problem => problem;

    /// <summary>The credentials in force.</summary>
    public KafkaCredentials Current
    {
        get
        {
            if (options.Directory.Length > 0 && time.GetElapsedTime(Interlocked.Read(ref lookedAt)) >= LookEvery && guard.TryEnter())
            {
                try
                {
                    Look();
                    Interlocked.Exchange(ref lookedAt, time.GetTimestamp());
                }
                finally
                {
                    guard.Exit();
                }
            }

            return current;
        }
    }

    /// <summary>Reads the files for the first time.</summary>
    /// <param name="options">Settings that <see cref="SecurityOptions.Check"/> has nothing against.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Who is told of changes.</param>
    public static KeyringOpening Open(SecurityOptions options, TimeProvider time, ILogger log)
    {
        var problems = new List<SecurityProblem>();
        var files = CredentialFiles.Read(options, problems);
        if (problems.Count > 0)
        {
            return new KeyringOpening(null, problems);
        }

        var credentials = new KafkaCredentials(options, files);
        if (credentials.Refused() is { } refused)
        {
            return new KeyringOpening(null, [refused]);
        }

        var keyring = new Keyring(options, credentials, time, log);
        keyring.TellEnd();
        return new KeyringOpening(keyring, []);
    }

    /// <summary>A keyring for one run of a command, which tells nobody of changes.</summary>
    public static KeyringOpening Open(SecurityOptions options) => Open(options, TimeProvider.System, NullLogger.Instance);

    private void Look()
    {
        var problems = new List<SecurityProblem>();
        var found = new KafkaCredentials(options, CredentialFiles.Read(options, problems));
        if (problems.Count > 0)
        {
            var text = string.Join("; ", problems);
            if (problem != text)
            {
                problem = text;
                Log.Unusable(log, text);
            }

            return;
        }

        if (problem is not null)
        {
            problem = null;
            Log.UsableAgain(log, options.Directory);
        }

        var (hasUser, hasCertificates) = (found.HasUserOf(current), found.HasCertificatesOf(current));
        if (hasUser && hasCertificates)
        {
            return;
        }

        current = found;
        Log.Changed(log, options.Directory, (hasUser, hasCertificates) switch
        {
            (false, true) => "user or password",
            (true, false) => "certificates",
            _ => "user or password, and certificates",
        });
        TellEnd();
    }

    private void TellEnd()
    {
        if (current.CertificateEnds is { } end && end <= time.GetUtcNow())
        {
            Log.Ended(log, Path.Combine(options.Directory, SecurityOptions.CertificateFile), end);
        }
    }
}
