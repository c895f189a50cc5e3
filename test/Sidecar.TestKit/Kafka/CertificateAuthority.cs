using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sidecar.TestKit.Kafka;

/// <summary>A certificate with its key, as the files of a Secret hold them.</summary>
public sealed record CertificateAndKey(string Certificate, string Key);

/// <summary>An authority of our own: certificates for brokers and clients, in PEM form.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly TimeSpan Past = TimeSpan.FromDays(30);

    private readonly X509Certificate2 own;

    public CertificateAuthority(string name = "test authority")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        own = request.CreateSelfSigned(Now - Past - TimeSpan.FromDays(1), Now + TimeSpan.FromDays(50 * 365));
    }

    /// <summary>Its own certificate.</summary>
    public string Certificate => own.ExportCertificatePem();

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>A certificate for 127.0.0.1 and localhost, or for a client.</summary>
    /// <param name="name">The common name.</param>
    /// <param name="ends">When it ends, from now on; before now: it has ended.</param>
    public CertificateAndKey Issue(string name, TimeSpan ends)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = request.Create(own, Now - Past, Now + ends, RandomNumberGenerator.GetBytes(8));
        return new CertificateAndKey(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => own.Dispose();
}
