using Sidecar.Agent.Admission;
using Sidecar.Agent.Subscriptions;
using Sidecar.Agent.Tests.Dispatch;

namespace Sidecar.Agent.Tests.Admission;

public sealed class EventFilterTests
{
    [TestCase("type=order.placed", "ce_type=order.placed", true)]
    [TestCase("type=order.placed", "ce_type=order.paid", false)]
    [TestCase("type=order.placed", "", false)]
    [TestCase("type=order.*", "ce_type=order.paid", true)]
    [TestCase("type=order.*", "ce_type=ordered", false)]
    [TestCase("type=*", "ce_type=x", true)]
    [TestCase("type=*", "", false)]
    [TestCase("type=a,type=b", "ce_type=b", true)]
    [TestCase("type=a,header.region=eu", "ce_type=a", false)]
    [TestCase("type=a,header.region=eu", "ce_type=a;region=eu", true)]
    [TestCase("header.region=eu", "region=us;region=eu", true)]
    [TestCase("header.test!=true", "", true)]
    [TestCase("header.test!=true", "test=true", false)]
    [TestCase("header.test!=true", "test=false;test=true", false)]
    [TestCase("header.test!=true,header.test!=maybe", "test=maybe", false)]
    [TestCase("header.test!=true,header.test=maybe", "test=maybe", true)]
    [TestCase("header.Region=eu", "region=eu", false)]
    [TestCase("header.städte=köln", "städte=köln", true)]
    public void It_takes_what_its_terms_say(string filter, string headers, bool taken)
    {
        var read = FilterFormat.Terms.Read(SettingValue.Of(filter));
        Assert.That(read.Problem, Is.Null);
        var pairs = headers.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('='))
            .Select(pair => (pair[0], (string?)pair[1])).ToArray();
        Assert.That(read.Value.Takes(Records.WithHeaders(1, pairs)), Is.EqualTo(taken));
    }

    [Test]
    public void A_null_header_equals_nothing_and_an_empty_one_is_a_value()
    {
        var any = FilterFormat.Terms.Read(SettingValue.Of("header.a=*")).Value;
        Assert.That(any.Takes(Records.WithHeaders(1, ("a", null))), Is.False);
        Assert.That(any.Takes(Records.WithHeaders(1, ("a", ""))), Is.True);
    }

    [TestCase("type")]
    [TestCase("=x")]
    [TestCase("type=")]
    [TestCase("kind=x")]
    [TestCase("header.=x")]
    [TestCase("type=a*b")]
    [TestCase("type=a,,type=b")]
    [TestCase("!=x")]
    public void What_is_no_term_is_refused_with_an_example(string filter)
    {
        var problem = FilterFormat.Terms.Read(SettingValue.Of(filter)).Problem;
        Assert.That(problem?.Problem, Does.Contain("is not a term of a filter"));
        Assert.That(problem?.Fix, Does.Contain("type=order.placed"));
    }

    [Test]
    public void It_has_a_bound()
    {
        var many = string.Join(',', Enumerable.Range(0, EventFilter.MaxTerms + 1).Select(i => $"type=t{i}"));
        Assert.That(FilterFormat.Terms.Read(SettingValue.Of(many)).Problem?.Problem, Does.Contain("more than 20 terms"));
        var wide = $"type={new string('x', EventFilter.MaxLength + 1)}";
        Assert.That(FilterFormat.Terms.Read(SettingValue.Of(wide)).Problem, Is.Not.Null);
    }
}
