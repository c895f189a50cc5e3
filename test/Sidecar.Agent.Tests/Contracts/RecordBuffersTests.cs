using Sidecar.Agent.Contracts;

namespace Sidecar.Agent.Tests.Contracts;

public sealed class RecordBuffersTests
{
    [Test]
    public void A_buffer_holds_what_was_asked_and_wastes_at_most_a_fifth()
    {
        for (var bytes = 1; bytes <= RecordBuffers.LargestKept; bytes += 1 + (bytes / 61))
        {
            var size = RecordBuffers.SizeOf(RecordBuffers.StepOf(bytes));
            Assert.That(size, Is.GreaterThanOrEqualTo(bytes));
            Assert.That(size - bytes, Is.LessThanOrEqualTo(Math.Max(size / 5, RecordBuffers.Smallest)), $"{bytes} bytes");
            Assert.That(RecordBuffers.StepOf(size), Is.EqualTo(RecordBuffers.StepOf(bytes)), "a buffer goes back where it came from");
        }
    }

    [Test]
    public void A_buffer_that_was_given_back_is_used_again()
    {
        var first = RecordBuffers.Rent(70_000);
        RecordBuffers.Return(first);
        Assert.That(RecordBuffers.Rent(70_001), Is.SameAs(first));
    }

    [Test]
    public void A_record_larger_than_any_kept_buffer_has_its_own() =>
        Assert.That(RecordBuffers.Rent(RecordBuffers.LargestKept + 1), Has.Length.EqualTo(RecordBuffers.LargestKept + 1));
}
