using Sidecar.Agent.DeadLetter;

namespace Sidecar.Agent.Tests.DeadLetter;

public sealed class RetryTopicNamesTests
{
    private static readonly RetryTopicNames Names = new("g", "s");

    [TestCase("g.s.retry.1s", 1)]
    [TestCase("g.s.retry.90s", 90)]
    [TestCase("g.s.retry.10m", 600)]
    [TestCase("g.s.retry.24h", 86_400)]
    [TestCase("g.s.retry.48h", 172_800, Description = "what a later version may have put there is found")]
    public void The_name_of_a_retry_topic_says_its_delay(string topic, int seconds)
    {
        Assert.That(Names.DelayOf(topic), Is.EqualTo(TimeSpan.FromSeconds(seconds)));
        Assert.That(Names.Of(TimeSpan.FromSeconds(seconds)), Is.EqualTo(topic));
    }

    [TestCase("g.s.retry.60s")]
    [TestCase("g.s.retry.01m")]
    [TestCase("g.s.retry.-1m")]
    [TestCase("g.s.retry.1d")]
    [TestCase("g.s.retry.h")]
    [TestCase("g.s.retry.")]
    [TestCase("g.other.retry.1m")]
    [TestCase("g.s.retry.999999999h", Description = "more than a time can hold")]
    [TestCase("g.s.retry.2147483647h")]
    [TestCase("g.s.retry.99999999999s")]
    public void A_name_that_the_agent_would_not_give_is_none_of_a_retry_topic(string topic) =>
        Assert.That(Names.DelayOf(topic), Is.Null);
}
