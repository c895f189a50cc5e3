using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Sidecar.Credentials;

/// <summary>
/// What must be known of PEM texts before a client gets them. Read by hand: the platform's own classes load OpenSSL a
/// second time, beside the copy within librdkafka, for one date.
/// </summary>
internal static class Certificates
{
    private const string CertificateLabel = "CERTIFICATE";

    /// <summary>There is a certificate, and nothing but certificates.</summary>
    public static bool HoldsCertificates(string pem)
    {
        var labels = Labels(pem).ToList();
        return labels.Count > 0 && labels.TrueForAll(label => label == CertificateLabel);
    }

    /// <summary>There is a private key that needs no password.</summary>
    public static bool HoldsOpenKey(string pem)
    {
        // The older form says so in a header within the block, and is no PEM of RFC 7468 by that.
        var keys = Labels(pem).Where(label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)).ToList();
        return keys.Count == 1 && !keys[0].StartsWith("ENCRYPTED", StringComparison.Ordinal);
    }

    /// <summary>The end of validity of the first certificate (RFC 5280, 4.1); null: it cannot be told.</summary>
    public static DateTimeOffset? EndOfFirst(string pem)
    {
        try
        {
            var fields = PemEncoding.Find(pem);
            var certificate = new AsnReader(Convert.FromBase64String(pem[fields.Base64Data]), AsnEncodingRules.DER)
                .ReadSequence().ReadSequence();
            if (certificate.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0)))
            {
                certificate.ReadEncodedValue(); // version
            }

            certificate.ReadEncodedValue();     // serial number
            certificate.ReadEncodedValue();     // signature's algorithm
            certificate.ReadEncodedValue();     // issuer
            var validity = certificate.ReadSequence();
            validity.ReadEncodedValue();        // not before
            return validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? validity.ReadUtcTime() : validity.ReadGeneralizedTime();
        }
        catch (Exception error) when (error is AsnContentException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Labels(string pem)
    {
        var rest = pem.AsMemory();
        while (PemEncoding.TryFind(rest.Span, out var fields))
        {
            yield return rest.Span[fields.Label].ToString();
            rest = rest[fields.Location.End..];
        }
    }
}
