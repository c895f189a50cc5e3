namespace Sidecar.Protos.Tests;

/// <summary>
/// The style of the contracts, and that no change of them breaks who was built with an earlier version.
/// </summary>
[TestFixture]
public sealed class BufTests
{
    private const string Delivery = "sidecar/delivery/v1/delivery.proto";

    [Test]
    public async Task The_contracts_follow_the_standard_style()
    {
        var (exitCode, output) = await Buf.RunAsync(Buf.Protos, "lint");
        Assert.That(exitCode, Is.Zero, output);
    }

    [Test]
    public async Task The_contracts_break_nobody_who_was_built_with_the_baseline()
    {
        var (exitCode, output) = await Buf.RunAsync(Buf.Protos, "breaking", "--against", Buf.Baseline);
        Assert.That(exitCode, Is.Zero, output);
    }

    [TestCase("  string reason = 4;\n", "", "was deleted", TestName = "A_removed_field_is_found")]
    [TestCase("string reason = 4;", "string reason = 5;", "was deleted", TestName = "A_renumbered_field_is_found")]
    [TestCase("int32 attempt = 12;", "int64 attempt = 12;", "changed type", TestName = "A_changed_type_is_found")]
    public async Task A_break_is_found(string text, string replacement, string expected)
    {
        var copy = Buf.CopyWith(Delivery, text, replacement);
        try
        {
            var (exitCode, output) = await Buf.RunAsync(copy, "breaking", "--against", Buf.Baseline);
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(output, Does.Contain(expected));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Test]
    public async Task A_name_out_of_style_is_found()
    {
        var copy = Buf.CopyWith(Delivery, "string delivery_id = 14;", "string deliveryId = 14;");
        try
        {
            var (exitCode, output) = await Buf.RunAsync(copy, "lint");
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(output, Does.Contain("lower_snake_case"));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }
}
