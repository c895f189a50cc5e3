using System.Text;

namespace Sidecar.Credentials;

/// <summary>The files of the directory, read and checked; what is not needed is not read.</summary>
internal sealed class CredentialFiles
{
    /// <summary>No file of these is larger; one that is, is another.</summary>
    public const int MaxBytes = 1024 * 1024;

    private CredentialFiles()
    {
    }

    public string? Username { get; private set; }

    public string? Password { get; private set; }

    public string? Authorities { get; private set; }

    public string? Certificate { get; private set; }

    public string? Key { get; private set; }

    public DateTimeOffset? CertificateEnds { get; private set; }

    /// <summary>Reads what the options need, and adds everything that is wrong.</summary>
    public static CredentialFiles Read(SecurityOptions options, ICollection<SecurityProblem> problems)
    {
        var files = new CredentialFiles();
        if (options.Directory.Length == 0)
        {
            return files;
        }

        if (options.HasUser)
        {
            files.Username = Word(options, SecurityOptions.UsernameFile, problems);
            files.Password = Word(options, SecurityOptions.PasswordFile, problems);
        }

        if (options.HasTls)
        {
            files.Authorities = Pem(options, SecurityOptions.AuthorityFile, Certificates.HoldsCertificates, "a certificate", problems);
            files.Certificate = Pem(options, SecurityOptions.CertificateFile, Certificates.HoldsCertificates, "a certificate", problems);
            files.Key = Pem(options, SecurityOptions.KeyFile, Certificates.HoldsOpenKey, "a private key without a password", problems);
            files.CheckPair(options, problems);
        }

        return files;
    }

    private void CheckPair(SecurityOptions options, ICollection<SecurityProblem> problems)
    {
        if ((Certificate is null) != (Key is null) && problems.Count == 0)
        {
            var (here, lacks) = Certificate is null
                ? (SecurityOptions.KeyFile, SecurityOptions.CertificateFile)
                : (SecurityOptions.CertificateFile, SecurityOptions.KeyFile);
            problems.Add(Problem(
                $"{Path.Combine(options.Directory, lacks)} does not exist, and {here} is nothing without it",
                "Put both into the Secret, or neither"));
        }

        if (Certificate is not null)
        {
            CertificateEnds = Certificates.EndOfFirst(Certificate);
        }
    }

    /// <summary>A word on its own: what editors and <c>echo</c> put behind it is not part of it.</summary>
    private static string? Word(SecurityOptions options, string name, ICollection<SecurityProblem> problems)
    {
        var text = Text(options, name, isNeeded: true, problems)?.TrimEnd('\r', '\n');
        if (text is { Length: 0 })
        {
            problems.Add(Problem($"{Path.Combine(options.Directory, name)} is empty", "Put the value into the Secret"));
        }
        else if (text?.Contains('\n', StringComparison.Ordinal) == true)
        {
            problems.Add(Problem(
                $"{Path.Combine(options.Directory, name)} has more than one line", "Put the value into the Secret, and nothing else"));
        }
        else if (text?.Contains('\0', StringComparison.Ordinal) == true)
        {
            problems.Add(Problem($"{Path.Combine(options.Directory, name)} holds a zero byte", "Put the value into the Secret as text"));
        }

        return text;
    }

    private static string? Pem(
        SecurityOptions options, string name, Func<string, bool> isRight, string what, ICollection<SecurityProblem> problems)
    {
        var text = Text(options, name, isNeeded: false, problems);
        if (text is not null && !isRight(text))
        {
            problems.Add(Problem(
                $"{Path.Combine(options.Directory, name)} {(text.Trim().Length == 0 ? "is empty" : $"does not hold {what} in PEM form")}",
                $"Put {what} in PEM form (-----BEGIN ...) into the Secret"));
        }

        return text;
    }

    /// <summary>The text of a file; null: it is not there, or cannot be read, which was said.</summary>
    private static string? Text(SecurityOptions options, string name, bool isNeeded, ICollection<SecurityProblem> problems)
    {
        var path = Path.Combine(options.Directory, name);
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes })
            {
                problems.Add(Problem($"{path} has more than {MaxBytes} bytes", "Mount the Secret with the credentials"));
                return null;
            }

            return File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            if (isNeeded)
            {
                var found = Directory.Exists(options.Directory) ? "" : $"; there is no directory {options.Directory}";
                problems.Add(Problem(
                    $"{path} does not exist{found}", $"Mount the Secret there, with a key that becomes the file {name}"));
            }
        }
        catch (UnauthorizedAccessException)
        {
            problems.Add(Problem($"{path} may not be read by this user", "Mount the Secret with defaultMode 0444 (292)"));
        }
        catch (DecoderFallbackException)
        {
            problems.Add(Problem($"{path} is not UTF-8 text", "Put the value into the Secret as text"));
        }
        catch (IOException error)
        {
            problems.Add(Problem($"{path} cannot be read: {error.Message}", "Mount the Secret with the credentials"));
        }

        return null;
    }

    private static SecurityProblem Problem(string problem, string fix) => new(SecurityOptions.DirectorySetting, problem, fix);
}
